"""A workflow as jobs of GitHub Actions, with `needs`.

One job a task, on a machine of its own, so that its storage has to be one that all of
them reach: the secret (or variable) `DOTFLOW_STORAGE` names it. The run of GitHub is the
id of the run; *Re-run failed jobs* goes on where it stopped.

GitHub has no retry: a loop in the job's step tries again, after the step's own delays,
without jitter. `timeout` of the job is that of all attempts together in whole minutes;
each attempt has its own.

Failure: what needs a failed job is skipped, and the run fails. Jobs that do not need it
run on, for GitHub has no other policy.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dotflow_deploy.compile.refusals import NotCompilable, check_size
from dotflow_deploy.compile.steps import SEQUENTIAL, Plan, Step
from dotflow_deploy.compile.storage import plan_for
from dotflow_deploy.platforms.values import pinning

if TYPE_CHECKING:
    from dotflow import DotFlow
    from dotflow_deploy.project import Project

TARGET: Final = "GitHub Actions"
JOBS: Final = 256
MINUTES: Final = 360
"""After which a machine of GitHub's ends a job."""

ATTEMPTS: Final = 1000
# For the machine, the code and its dependencies.
SETUP_MINUTES: Final = 15
MARGIN: Final = 60

_SCRIPT: Final = """\
delays=({delays})
for ((attempt = 0; ; attempt++)); do
  code=0
  {command} || code=$?
  # 2: it cannot be run at all; 3: no further attempt can help; 130, 143: cancelled.
  case $code in 0 | 2 | 3 | 130 | 143) exit $code ;; esac
  if ((attempt >= ${{#delays[@]}})); then exit $code; fi
  echo "Attempt $((attempt + 1)) failed with $code." >&2
  sleep "${{delays[attempt]}}"
done
"""


def install_commands(project: Project) -> list[str]:
    """Return the commands that install a project and what it needs.

    Args:
        project: The project.
    """
    needs = project.dependencies
    bring = shlex.join(needs.missing("dotflow-core", "dotflow-cli"))
    more = f" {bring}" if bring else ""
    if not needs.requirements:
        lock, pin, pinned, places = pinning(project)
        install = f"python -m pip install .{pinned}{places}{more}"
        return [pin, install] if lock else [install]
    commands = [f"python -m pip install -r requirements.txt{more}"]
    if needs.hashed and more:  # pip would refuse them together
        commands = [commands[0].removesuffix(more), f"python -m pip install{more}"]
    if needs.installable:
        commands.append("python -m pip install --no-deps .")
    return commands


def github_actions(
    flow: DotFlow,
    *,
    name: str,
    workflow: str,
    python: str = "3.12",
    install: Sequence[str] = ("python -m pip install -r requirements.txt",),
    secrets: Sequence[str] = (),
    schedule: str | None = None,
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
) -> dict[str, Any]:
    """Return a whole workflow file of GitHub Actions.

    Args:
        flow: The workflow; none of its tasks is run.
        name: Name of the project, in kebab case.
        workflow: As of `github_jobs`, as are those that follow.
        python: As of `github_jobs`.
        install: As of `github_jobs`.
        secrets: As of `github_jobs`.
        schedule: A cron expression of five fields, in UTC. None: it is started by hand.
        mode: As of `github_jobs`.
        keep_going: As of `github_jobs`.

    Raises:
        NotCompilable: As of `github_jobs`.
        DotflowError: The tasks form no graph.
    """
    plan = plan_for(flow, TARGET, mode=mode, keep_going=keep_going)
    runner = Runner(name, workflow, python, install, secrets)
    return workflow_file(plan, runner, schedule)


def workflow_file(
    plan: Plan, runner: Runner, schedule: str | None = None
) -> dict[str, Any]:
    """Return a whole workflow file that runs a plan.

    Args:
        plan: The plan.
        runner: What its steps run in.
        schedule: As of `github_actions`.

    Raises:
        NotCompilable: As of `jobs`.
    """
    on: dict[str, Any] = {"workflow_dispatch": {}}
    if schedule is not None:
        on["schedule"] = [{"cron": schedule}]
    return {
        "name": runner.name,
        "on": on,
        "permissions": {"contents": "read"},
        "concurrency": {"group": runner.name, "cancel-in-progress": False},
        "jobs": jobs(plan, runner),
    }


def github_jobs(
    flow: DotFlow,
    *,
    name: str,
    workflow: str,
    python: str = "3.12",
    install: Sequence[str] = ("python -m pip install -r requirements.txt",),
    secrets: Sequence[str] = (),
    mode: str = SEQUENTIAL,
    keep_going: bool = False,
) -> dict[str, Any]:
    """Return the jobs of a workflow file of GitHub Actions.

    Args:
        flow: The workflow; none of its tasks is run.
        name: Name of the project, in kebab case.
        workflow: What `dotflow start --workflow` takes: `"shop.workflow:build"`.
        python: Version of Python.
        install: Commands that install the project; see `install_commands`.
        secrets: Names of secrets that steps get as variables of their environment,
            beside `DOTFLOW_STORAGE`.
        mode: As in `DotFlow.start`: what follows what where no task says so.
        keep_going: As in `DotFlow.start`.

    Returns:
        What YAML makes the value of `jobs` of.

    Raises:
        NotCompilable: There are too many tasks, they may take too long, or their
            storage is local.
        DotflowError: The tasks form no graph.
    """
    plan = plan_for(flow, TARGET, mode=mode, keep_going=keep_going)
    return jobs(plan, Runner(name, workflow, python, install, secrets))


@dataclass(frozen=True)
class Runner:
    """What the steps run in: the arguments of `github_jobs` that have these names."""

    name: str
    workflow: str
    python: str = "3.12"
    install: Sequence[str] = ()
    secrets: Sequence[str] = ()


def jobs(plan: Plan, runner: Runner) -> dict[str, Any]:
    """Return the jobs that run a plan.

    Args:
        plan: The plan.
        runner: What its steps run in.

    Raises:
        NotCompilable: There are too many tasks, or they may take too long.
    """
    check_size(TARGET, len(plan.steps), JOBS, "the number of jobs")
    setup: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4", "with": {"persist-credentials": False}},
        {"uses": "actions/setup-python@v5", "with": {"python-version": runner.python}},
        *({"run": command} for command in runner.install),
    ]
    env = {
        "PYTHONUNBUFFERED": "1",
        # A secret where its address holds a password, else a variable.
        "DOTFLOW_STORAGE": "${{ secrets.DOTFLOW_STORAGE || vars.DOTFLOW_STORAGE }}",
        "DOTFLOW_RUN": runner.name
        + "-${{ github.repository_id }}-${{ github.run_id }}",
        **{secret: f"${{{{ secrets.{secret} }}}}" for secret in runner.secrets},
    }
    return {
        step.id: _job(step, plan, runner.workflow, setup, env) for step in plan.steps
    }


def _job(
    step: Step,
    plan: Plan,
    workflow: str,
    setup: list[dict[str, Any]],
    env: dict[str, str],
) -> dict[str, Any]:
    job: dict[str, Any] = {"name": _literal(step.name), "runs-on": "ubuntu-24.04"}
    if minutes := _minutes(step):
        job["timeout-minutes"] = minutes
    if step.upstream:
        job["needs"] = list(step.upstream)
    if step.upstream and plan.keep_going:
        # `success()` would look at what those jobs have needed, too.
        conditions = ["!cancelled()"]
        if step.explicit:
            conditions += [f"needs.{up}.result == 'success'" for up in step.upstream]
        job["if"] = f"${{{{ {' && '.join(conditions)} }}}}"
    run = {
        "name": "Run the task",
        "shell": "bash",
        # For this step alone: what is installed before has no use for secrets.
        "env": {**env, "DOTFLOW_TASK": _literal(step.name)},
        "run": _script(step, plan, workflow),
    }
    return {**job, "steps": [*deepcopy(setup), run]}


def _script(step: Step, plan: Plan, workflow: str) -> str:
    if step.attempts > ATTEMPTS:
        raise NotCompilable(
            TARGET,
            f"task {step.name!r} may be tried {step.attempts} times, and the loop that"
            f" tries it again takes {ATTEMPTS}: lower its retry.",
        )
    command = [
        "dotflow start",
        shlex.quote(f"--workflow={workflow}"),
        '--task="$DOTFLOW_TASK"',
        '--run-id="$DOTFLOW_RUN"',
        *(_literal(shlex.quote(argument)) for argument in plan.arguments()),
    ]
    if limit := step.limit(MARGIN):
        command.insert(0, f"timeout --kill-after=30 {limit}")
    delays = " ".join(f"{delay:g}" for delay in step.delays())
    return _SCRIPT.format(delays=delays, command=" ".join(command))


def _minutes(step: Step) -> int:
    """Return after how many minutes a job has to be over; 0 for no bound."""
    if not step.timeout:
        return 0
    seconds = step.attempts * step.limit(MARGIN) + sum(step.delays())
    minutes = math.ceil(seconds / 60) + SETUP_MINUTES
    if minutes > MINUTES:
        raise NotCompilable(
            TARGET,
            f"all attempts of task {step.name!r} may take {minutes} minutes together,"
            f" and GitHub ends a job after {MINUTES}: lower its timeout or its retry.",
        )
    return minutes


def _literal(text: str) -> str:
    """Return a text in which GitHub finds no expression of its own."""
    return text.replace("${{", "${{ '${{' }}")
