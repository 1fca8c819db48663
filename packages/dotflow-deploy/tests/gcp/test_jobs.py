"""Jobs of Cloud Run, from a plan to a teardown, through Google's SDKs over HTTP."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from deploying import SCHEDULED, SECRET, Deployer, actions, dotflow

from dotflow_deploy.errors import BuildError, CloudError, InvalidProject, NotOurs
from dotflow_deploy.options import Options
from dotflow_deploy.project import Project, load_project, named_project

pytest.importorskip("google.cloud.run_v2")

if TYPE_CHECKING:
    from pathlib import Path

scheduled = Deployer("cloud-run-scheduled")
applied = scheduled.applied
JOB = "projects/my-project/locations/us-central1/jobs/shop"


@pytest.fixture
def project(shop: Path) -> Project:
    """Give a project with a secret in its runs' environment."""
    return load_project(shop, env={"TOKEN": SECRET, "STAGE": "prod"})


def test_life(google: Any, project: Project) -> None:
    """A plan changes nothing, a second deployment neither, and destroy leaves nothing."""
    plan = scheduled(project).plan()
    assert actions(plan) == {"create"}
    assert google.changes == []

    assert applied(project) == {"create"}
    job = google.resources[JOB]["template"]["template"]
    container = job["containers"][0]
    assert "@sha256:" in container["image"]
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "512Mi"}
    assert job["timeout"] == "900s"
    assert {v["name"]: v["value"] for v in container["env"]} == dict(project.env)
    timer = google.resources[f"timers/{JOB}"]
    assert (timer["schedule"], timer["timeZone"]) == ("0 6 * * 1-5", "Etc/UTC")
    assert timer["httpTarget"]["uri"].endswith(f"/v2/{JOB}:run")
    invoker = timer["httpTarget"]["oauthToken"]["serviceAccountEmail"]
    assert google.granted(JOB, "roles/run.invoker", invoker)
    assert job["serviceAccount"] != invoker, "who starts runs is not who runs"

    google.changes.clear()
    assert applied(project) == set()
    assert google.changes == [], "nothing is asked that might change something"

    stack = scheduled(named_project(project.root.parent / "nowhere", "shop"), Options())
    assert actions(stack.destroy_plan()) == {"delete"}
    assert google.changes == []
    stack.destroy()
    assert google.resources == {}
    assert google.policies == {}
    assert "run.googleapis.com" in google.enabled, "others may use the APIs"
    google.changes.clear()
    assert actions(scheduled(project).destroy()) == set()
    assert google.changes == []


def test_change(google: Any, project: Project) -> None:
    """Only what differs is changed, and code that is as it was is not built again."""
    applied(project)
    google.changes.clear()
    more = replace(SCHEDULED, schedule="*/10 * * * *", memory=5000, timeout=60)
    plan = scheduled(project, more).plan()
    told = {str(d) for change in plan for d in change.differences}
    assert "schedule: 0 6 * * 1-5 -> */10 * * * *" in told
    assert "memory: 512Mi -> 5000Mi" in told
    assert applied(project, more) == {"update"}
    assert google.changes == [f"PATCH /v2/{JOB}", f"PATCH /v1/{JOB}"]
    assert len(google.builds) == 1

    path = project.root / "shop" / "steps.py"
    path.write_text(path.read_text() + "\n# changed\n")
    before = google.resources[JOB]["template"]["template"]["containers"][0]["image"]
    assert applied(project, more) == {"update"}
    assert len(google.builds) == 2
    after = google.resources[JOB]["template"]["template"]["containers"][0]["image"]
    assert before != after
    assert applied(project, more) == set()

    assert applied(project, replace(more, rebuild=True)) == {"update"}
    assert "--no-cache" in google.builds[2]["steps"][0]["args"]


def test_secret_changes_unseen(google: Any, project: Project) -> None:
    """A plan says which variable changes, and neither of its values."""
    scheduled.change_secret(project, "another-secret")
    assert "another-secret" in str(google.resources[JOB])


def test_image_is_of_the_project(google: Any, project: Project) -> None:
    """The sources hold the project and a Dockerfile, and nothing that is ignored."""
    lines: list[str] = []
    applied(project, replace(SCHEDULED, echo=lines.append))
    (build,) = google.builds
    assert {"Dockerfile", "pyproject.toml", "shop/workflow.py"} <= set(build["names"])
    assert not {".env", "debug.log"} & set(build["names"])
    assert any("https://console.example/builds/b0" in line for line in lines)


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
@pytest.mark.sampled(1)
def test_resumed(google: Any, project: Project, after: bool) -> None:
    """Whichever change fails, the same command goes on, and nothing is made twice."""
    google.after = after
    applied(project)
    count = len(google.changes)
    scheduled(project).destroy()
    for number in range(count):
        google.forget()
        google.fail_at = number
        with pytest.raises(CloudError) as caught:
            applied(project)
        # Cloud Storage alone does not tell which; then it is the one that is needed.
        told = ("some.thing.create", "storage.objects.create")
        assert caught.value.permission in told
        assert SECRET not in "".join(traceback.format_exception(caught.value))
        google.fail_at = None
        applied(project)
        google.changes.clear()
        assert applied(project) == set()
        assert google.changes == []
        scheduled(project).destroy()
        assert google.resources == {}


def test_destroy_resumed(google: Any, project: Project) -> None:
    """Whichever removal fails, `destroy` again removes the rest."""
    for number in range(20):
        google.fail_at = None
        applied(project)
        google.changes.clear()
        google.fail_at = number
        try:
            scheduled(project).destroy()
        except CloudError:
            google.fail_at = None
            scheduled(project).destroy()
            assert google.resources == {}
        else:
            assert google.resources == {}
            return
    raise AssertionError("it never succeeds")


@pytest.mark.parametrize(
    "there",
    [
        JOB,
        f"timers/{JOB}",
        "projects/my-project/locations/us-central1/repositories/shop",
        "projects/my-project/serviceAccounts/shop-runs@my-project.iam.gserviceaccount.com",
        "b/my-project-shop-builds",
    ],
)
def test_not_ours(google: Any, project: Project, there: str) -> None:
    """What somebody else made under the same name stops a deployment, and stays."""
    google.enabled |= {
        f"{api}.googleapis.com"
        for api in ("run", "iam", "artifactregistry", "cloudscheduler", "cloudbuild")
    }
    theirs = {"description": "theirs", "labels": {"owner": "them"}}
    if there.startswith(("b/", "projects/my-project/serviceAccounts")):
        theirs |= {"name": there.rpartition("/")[2]}
    google.resources[there] = dict(theirs)
    with pytest.raises(NotOurs, match="stays as it is"):
        scheduled(project).apply()
    assert google.changes == []
    scheduled(project).destroy()
    assert google.resources == {there: theirs}


@pytest.mark.parametrize("permission", ["run.jobs.create", None])
def test_permission(google: Any, project: Project, permission: str | None) -> None:
    """A missing permission is named, with the command that grants a role with it."""
    google.permission = permission
    applied(project)
    google.changes.clear()
    del google.resources[JOB]
    google.fail_at = 0
    with pytest.raises(CloudError) as caught:
        applied(project)
    assert "Could not create Cloud Run job shop" in str(caught.value)
    assert "lack the permission run.jobs.create" in str(caught.value)
    assert (
        "gcloud projects add-iam-policy-binding my-project"
        " --member=user:YOU@EXAMPLE.COM --role=roles/run.admin" in str(caught.value)
    )


def test_failed_build(google: Any, project: Project) -> None:
    """A build that fails is told with the end of its log, without passwords."""
    google.build_fails = True
    with pytest.raises(BuildError) as caught:
        applied(project)
    assert "No matching distribution found for absent-thing" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    google.build_fails = False
    assert applied(project) == {"create"}


def test_no_answer(google: Any, project: Project) -> None:
    """An API that cannot be reached is told in a line."""
    google.close()
    with pytest.raises(CloudError, match="Google did not answer"):
        scheduled(project).plan()


def test_build_is_followed(google: Any, project: Project) -> None:
    """What Cloud Build writes is shown as it comes, each line once."""
    lines: list[str] = []
    google.build_polls = 3
    stack = scheduled(project, replace(SCHEDULED, echo=lines.append))
    stack.resources[0].google.pause = 0.001  # type: ignore[attr-defined]  # all share it
    stack.apply()
    steps = [line for line in lines if line.startswith("Step")]
    assert steps == [f"Step {n}/9 : RUN pip install" for n in (7, 8, 9)]


def test_what_is_new_is_waited_for(google: Any, project: Project) -> None:
    """An account or an API that Google does not know yet is asked for again."""
    google.unsettled = 2
    google.lagging = {"run.googleapis.com": 3, "artifactregistry.googleapis.com": 2}
    stack = scheduled(project)
    stack.resources[0].google.pause = 0.001  # type: ignore[attr-defined]  # all share it
    stack.apply()
    assert google.unsettled == 0
    assert not any(google.lagging.values())
    assert applied(project) == set()


def test_docker_instead(google: Any, project: Project, docker: Path) -> None:
    """With docker, the image is built here, and what Cloud Build needed goes."""
    token = "ya29.never-to-be-shown"
    host = "us-central1-docker.pkg.dev"
    (docker / "state.json").write_text(json.dumps({"passwords": {host: token}}))
    google.docker = docker
    applied(project)
    path = project.root / "shop" / "steps.py"
    path.write_text(path.read_text() + "\n# changed\n")
    lines: list[str] = []
    here = replace(SCHEDULED, builder="docker", echo=lines.append)
    plan = scheduled(project, here).apply()
    gone = {change.kind for change in plan if str(change.action) == "delete"}
    assert gone == {"Service account", "IAM grant", "Storage bucket"}
    assert len(google.builds) == 1
    (pushed,) = json.loads((docker / "state.json").read_text())["pushed"]
    assert pushed.startswith(f"{host}/my-project/shop/shop:")
    image = google.resources[JOB]["template"]["template"]["containers"][0]["image"]
    assert "@sha256:" in image
    calls = (docker / "calls.jsonl").read_text().splitlines()
    words = [word for call in calls for word in json.loads(call)["argv"]]
    assert token not in [*words, *lines]
    assert applied(project, here) == set()
    scheduled(named_project(project.root, "shop"), Options()).destroy()
    assert google.policies == {}
    with pytest.raises(InvalidProject, match="leave out --builder"):
        scheduled(project, replace(SCHEDULED, builder="zip"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(memory=128), "--memory 512"),
        (Options(memory=99999), "--memory 512"),
        (Options(timeout=700_000), "--timeout 604800"),
        (Options(schedule="0 6 * *"), "it has 4 fields"),
        (Options(region="us/../x"), "no name of a region"),
    ],
)
@pytest.mark.usefixtures("google")
def test_refused(project: Project, options: Options, told: str) -> None:
    """What Cloud Run would refuse is refused before it is asked."""
    with pytest.raises(InvalidProject, match=told):
        scheduled(project, options)


def test_nobody_signed_in(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without credentials it says how to sign in."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(InvalidProject, match="gcloud auth application-default login"):
        scheduled(project)


def test_plain_job(google: Any, project: Project) -> None:
    """A job without a schedule needs no scheduler, and says how to start it."""
    from dotflow_deploy.gcp.jobs import plain

    stack = plain(project, Options())
    stack.apply()
    assert "cloudscheduler.googleapis.com" not in google.enabled
    assert stack.outputs()["Run it"] == (
        "gcloud run jobs execute shop --wait --region us-central1 --project my-project"
    )
    plain(project, Options()).destroy()
    assert google.resources == {}


def test_nothing_secret_is_shown(google: Any, project: Project) -> None:
    """No repr, plan or progress holds a variable's value or a token."""
    shown: list[str] = []
    options = replace(SCHEDULED, echo=shown.append)
    stack = scheduled(project, options)
    shown += [repr(change) for change in stack.apply(lambda c: shown.append(str(c)))]
    for resource in stack.resources:
        shown += [repr(resource), str(resource)]
    shown.append(repr(stack.resources[0].google))  # type: ignore[attr-defined]  # all share it
    assert google.changes
    text = "\n".join(shown)
    assert SECRET not in text
    assert "ya29" not in text
    assert "PRIVATE KEY" not in text


def test_command(google: Any, project: Project) -> None:
    """`dotflow deploy`, `status` and `destroy` do all this from a shell."""
    run = partial(dotflow, project.root, "cloud-run-scheduled")
    wanted = ("deploy", "--schedule", "0 6 * * *", "--env", "TOKEN")
    assert "Nothing was changed" in run(*wanted, "--dry-run").stderr
    assert google.changes == []
    done = run(*wanted)
    assert done.returncode == 0, done.stderr
    assert "gcloud run jobs execute shop" in done.stdout
    assert run("status").returncode == 0
    assert run("destroy", "--yes").returncode == 0
    assert google.resources == {}
    google.fail_at = len(google.changes)
    done = run(*wanted)
    assert done.returncode == 1
    assert "lack the permission some.thing.create" in done.stderr
