"""Functions on Alibaba Cloud, from a plan to a teardown, through its SDK over HTTP."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
import zipfile
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from deploying import SCHEDULED, SECRET, Deployer, actions, dotflow

from dotflow_deploy.errors import (
    CloudError,
    InvalidProject,
    NotOurs,
    ScheduleNotExpressible,
)
from dotflow_deploy.options import Options
from dotflow_deploy.project import Project, load_project, named_project

pytest.importorskip("alibabacloud_fc20230330")

if TYPE_CHECKING:
    from pathlib import Path

SECRET_KEY = "the-secret-of-the-access-key"
scheduled = Deployer("alibaba-fc-scheduled")
applied = scheduled.applied


@pytest.fixture
def project(shop: Path) -> Project:
    """Give a project of plain modules with a secret in its runs' environment."""
    (shop / "pyproject.toml").unlink()
    (shop / "requirements.txt").write_text("dotflow-core\n", encoding="utf-8")
    env = {"TOKEN": SECRET, "STAGE": "prod"}
    return load_project(shop, name="shop", workflow="shop.workflow:build", env=env)


def test_life(compute: Any, project: Project) -> None:
    """A plan changes nothing, a second deployment neither, and destroy leaves nothing."""
    assert actions(scheduled(project).plan()) == {"create"}
    assert compute.changes == []
    assert applied(project) == {"create"}
    function = compute.functions["shop"]
    assert function["runtime"] == "python3.12"
    assert (function["memorySize"], function["cpu"], function["timeout"]) == (
        512,
        0.25,
        900,
    )
    assert function["environmentVariables"] == {
        **project.env,
        "DOTFLOW_OUTPUT_PATH": "/tmp/.output",
    }
    trigger = json.loads(compute.triggers["shop", "shop-timer"]["triggerConfig"])
    assert trigger["cronExpression"] == "CRON_TZ=UTC 0 0 6 * * MON-FRI"
    assert compute.asynchronous["shop"]["maxAsyncRetryAttempts"] == 0

    compute.changes.clear()
    assert applied(project) == set()
    assert compute.changes == [], "nothing is asked that might change something"

    stack = scheduled(named_project(project.root.parent / "nowhere", "shop"), Options())
    assert actions(stack.destroy_plan()) == {"delete"}
    assert compute.changes == []
    stack.destroy()
    assert compute.empty
    compute.changes.clear()
    assert actions(scheduled(project).destroy()) == set()
    assert compute.changes == []


def test_function_runs_the_workflow(compute: Any, shop: Path, tmp_path: Path) -> None:
    """What was uploaded runs, called as Function Compute calls it, and fails as it fails."""
    applied(load_project(shop))
    code = tmp_path / "code"
    with zipfile.ZipFile(io.BytesIO(compute.code["shop"])) as archive:
        names = archive.namelist()
        archive.extractall(code)
    assert not {".env", "debug.log"} & set(names)
    module, _, name = compute.functions["shop"]["handler"].partition(".")
    program = (
        f"import {module}, sys\n"
        f"sys.stderr.write({module}.{name}(sys.argv[1].encode(), None))"
    )

    def call(event: str) -> subprocess.CompletedProcess[str]:
        # As alone as there: -S leaves out what is installed here.
        return subprocess.run(
            [sys.executable, "-S", "-c", program, event],
            cwd=code,
            env={"PATH": os.environ["PATH"], "DOTFLOW_OUTPUT_PATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    timer = '{"triggerTime":"2026-01-01T06:00:00Z","triggerName":"t","payload":"{}"}'
    done = call(timer)
    assert done.returncode == 0, done.stderr
    assert "the total is 6" in done.stdout
    assert "Completed" in done.stderr
    assert "the total is 9" in call('{"numbers": [4, 5]}').stdout
    failed = call('{"numbers": [1, "boom"]}')
    assert failed.returncode != 0
    assert "WorkflowFailed" in failed.stderr


def test_change(compute: Any, project: Project) -> None:
    """Only what differs is changed, and code that is as it was is not uploaded again."""
    applied(project)
    first = compute.code["shop"]
    compute.changes.clear()
    more = replace(SCHEDULED, schedule="*/10 * * * *", memory=1024, timeout=60)
    plan = scheduled(project, more).plan()
    told = {str(d) for change in plan for d in change.differences}
    assert "memory: 512 -> 1024" in told
    assert (
        "schedule: CRON_TZ=UTC 0 0 6 * * MON-FRI -> CRON_TZ=UTC 0 */10 * * * *" in told
    )
    compute.code.clear()
    assert applied(project, more) == {"update"}
    base = "/2023-03-30/functions/shop"
    assert compute.changes == [f"PUT {base}", f"PUT {base}/triggers/shop-timer"]
    assert compute.code == {}, "the code was the same"

    path = project.root / "shop" / "steps.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert applied(project, more) == {"update"}
    assert compute.code["shop"] != first
    assert applied(project, more) == set()
    assert applied(project, replace(more, rebuild=True)) == {"update"}

    compute.asynchronous["shop"]["maxAsyncRetryAttempts"] = 3
    config = {"cronExpression": "CRON_TZ=UTC 0 */10 * * * *", "enable": False}
    compute.triggers["shop", "shop-timer"]["triggerConfig"] = json.dumps(config)
    plan = scheduled(project, more).plan()
    told = {str(d) for change in plan for d in change.differences}
    assert told == {"retries: 3 -> 0", "on: no -> yes"}


def test_secret_changes_unseen(compute: Any, project: Project) -> None:
    """A plan says which variable changes, and neither of its values."""
    scheduled.change_secret(project, "another-secret")
    env = compute.functions["shop"]["environmentVariables"]
    assert env["TOKEN"] == "another-secret"


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
def test_resumed(compute: Any, project: Project, after: bool) -> None:
    """Whichever change fails, the same command goes on, and nothing is made twice."""
    compute.after = after
    for number in range(3):
        compute.changes.clear()
        compute.fail_at = number
        stack = scheduled(project)
        with pytest.raises(CloudError) as caught:
            stack.apply()
        assert caught.value.permission == "fc:SomeAction"
        shown = "".join(traceback.format_exception(caught.value))
        assert SECRET not in shown
        assert SECRET_KEY not in shown
        compute.fail_at = None
        stack.apply()
        compute.changes.clear()
        assert applied(project) == set()
        assert compute.changes == []
        compute.fail_at = number
        with pytest.raises(CloudError):
            scheduled(project).destroy()
        compute.fail_at = None
        scheduled(project).destroy()
        assert compute.empty


def test_not_ours(compute: Any, project: Project) -> None:
    """What somebody else made under the same name stops a deployment, and stays."""
    theirs = {"functionName": "shop", "tags": [{"Key": "owner", "Value": "them"}]}
    compute.functions["shop"] = dict(theirs)
    with pytest.raises(NotOurs, match="stays as it is"):
        scheduled(project).apply()
    assert actions(scheduled(project).destroy()) == set()
    assert compute.changes == []
    assert compute.functions == {"shop": theirs}


@pytest.mark.parametrize("action", ["fc:CreateFunction", None])
def test_permission(compute: Any, project: Project, action: str | None) -> None:
    """A missing permission is named, with the command that grants it."""
    compute.action = action
    compute.fail_at = 0
    with pytest.raises(CloudError) as caught:
        applied(project)
    text = str(caught.value)
    assert "Could not create Function Compute function shop" in text
    assert "lack the permission fc:CreateFunction" in text
    assert "aliyun ram AttachPolicyToUser" in text


def test_wrong_key(
    compute: Any, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is not accepted is told without repeating it."""
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-another")
    with pytest.raises(CloudError, match="Sign in again: aliyun configure") as caught:
        scheduled(project).plan()
    assert "LTAI-another" not in str(caught.value)


def test_no_answer(compute: Any, project: Project) -> None:
    """An API that cannot be reached is told in a line, without what was signed."""
    compute.close()
    with pytest.raises(CloudError, match="Alibaba Cloud did not answer") as caught:
        scheduled(project).plan()
    assert SECRET_KEY not in "".join(traceback.format_exception(caught.value))


def test_waits_until_it_is_ready(compute: Any, project: Project) -> None:
    """A function that is being prepared is waited for; one that fails is told with why."""
    compute.preparing = 2
    stack = scheduled(project)
    stack.resources[0].compute.pause = 0.001  # type: ignore[attr-defined]  # it has one
    compute.broken = "the image is for another machine"
    with pytest.raises(CloudError, match="the image is for another machine"):
        stack.apply()
    assert compute.preparing == 0
    compute.broken = ""
    assert applied(project) == {"create"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(memory=100), "--memory 128"),
        (Options(memory=500), "--memory 512"),
        (Options(memory=40000), "--memory 32768"),
        (Options(timeout=90_000), "--timeout 86400"),
        (Options(schedule="0 6 * *"), "it has 4 fields"),
        (Options(region="us/../x"), "no name of a region"),
    ],
)
@pytest.mark.usefixtures("compute")
def test_refused(project: Project, options: Options, told: str) -> None:
    """What Function Compute would refuse is refused before it is asked."""
    with pytest.raises(InvalidProject, match=told):
        scheduled(project, options)


@pytest.mark.usefixtures("compute")
def test_schedule_of_both_days(project: Project) -> None:
    """A schedule of both kinds of days is refused with what to do instead."""
    with pytest.raises(ScheduleNotExpressible, match="a second time under another"):
        scheduled(project, Options(schedule="0 6 1 * 1"))


@pytest.mark.usefixtures("compute")
def test_python_without_a_runtime(project: Project) -> None:
    """A Python that is no runtime there is refused with what to do instead."""
    with pytest.raises(InvalidProject, match=r"--python 3.12, or --builder docker"):
        scheduled(replace(project, python="3.13")).apply()


def test_profile(
    compute: Any, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without variables, whoever is signed in to the aliyun CLI deploys."""
    key = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_ID")
    monkeypatch.delenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    with pytest.raises(InvalidProject, match="aliyun configure"):
        scheduled(project)
    path = tmp_path / "home" / ".aliyun" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"current": "' + SECRET_KEY, encoding="utf-8")
    with pytest.raises(InvalidProject, match="aliyun CLI writes it") as caught:
        scheduled(project)
    assert SECRET_KEY not in "".join(traceback.format_exception(caught.value))
    wrong = {"name": "default", "mode": "AK", "access_key_id": "no"}
    right = {**wrong, "name": "work", "access_key_id": key}
    profiles = [{**p, "access_key_secret": SECRET_KEY} for p in (wrong, right)]
    told = {"current": "work", "profiles": profiles}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert applied(project) == {"create"}
    monkeypatch.setenv("ALIBABA_CLOUD_PROFILE", "absent")
    with pytest.raises(InvalidProject, match="no profile 'absent'"):
        scheduled(project)


def test_own_image_is_no_server(project: Project) -> None:
    """The image is a server's whatever Dockerfile the project has, with your server.py."""
    (project.root / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    own = project.root / "deploy" / "alibaba-fc" / "server.py"
    own.parent.mkdir(parents=True)
    own.write_text("# mine\n", encoding="utf-8")
    from dotflow_deploy.alibaba.package import ImagePackage

    package = ImagePackage(project, "alibaba-fc", Options(), "cn-hangzhou")
    assert b"gunicorn" in package._builder.files["Dockerfile"]
    assert package._builder.files["deploy/alibaba-fc/server.py"] == b"# mine\n"


def test_docker_instead(
    compute: Any, project: Project, docker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With docker, the image of a server is pushed, its password on no command line."""
    host = "registry.cn-hangzhou.aliyuncs.com"
    (docker / "state.json").write_text(json.dumps({"passwords": {host: SECRET}}))
    monkeypatch.setenv("ALIBABA_CR_NAMESPACE", "team")
    monkeypatch.setenv("ALIBABA_CR_USERNAME", "me")
    monkeypatch.setenv("ALIBABA_CR_PASSWORD", SECRET)
    there = replace(SCHEDULED, builder="docker")
    assert applied(replace(project, python="3.13"), there) == {"create"}
    function = compute.functions["shop"]
    assert function["runtime"] == "custom-container"
    container = function["customContainerConfig"]
    (pushed,) = json.loads((docker / "state.json").read_text())["pushed"]
    assert container["image"] == pushed
    assert pushed.startswith(f"{host}/team/shop:")
    assert container["port"] == 9000
    calls = [
        json.loads(call) for call in (docker / "calls.jsonl").read_text().splitlines()
    ]
    assert SECRET not in [word for call in calls for word in call["argv"]]
    assert SECRET in [call["stdin"] for call in calls]
    files = next(call["files"] for call in calls if "build" in call["argv"])
    assert {"Dockerfile", "deploy/alibaba-fc-scheduled/server.py"} <= set(files)
    assert ".env" not in files
    compute.changes.clear()
    assert applied(replace(project, python="3.13"), there) == set()
    assert compute.changes == []


def test_plain_function(compute: Any, project: Project) -> None:
    """A function without a timer says how to call it."""
    from dotflow_deploy.alibaba.functions import plain

    stack = plain(project, Options(region="eu-central-1"))
    stack.apply()
    assert compute.triggers == {}
    assert "--region eu-central-1 --functionName shop" in stack.outputs()["Run it"]
    plain(project, Options()).destroy()
    assert compute.empty


def test_command(compute: Any, project: Project) -> None:
    """`dotflow deploy`, `status` and `destroy` do all this, and show no secret."""
    run = partial(dotflow, project.root, "alibaba-fc-scheduled")
    wanted = ("deploy", "--schedule", "0 6 * * *", "--env", "TOKEN")
    wanted += ("--workflow", "shop.workflow:build")
    assert "Nothing was changed" in run(*wanted, "--dry-run").stderr
    assert compute.changes == []
    done = run(*wanted)
    assert done.returncode == 0, done.stderr
    assert "aliyun fc InvokeFunction" in done.stdout
    assert SECRET_KEY not in done.stdout + done.stderr
    assert run("status").returncode == 0
    assert run("destroy", "--yes").returncode == 0
    assert compute.empty
