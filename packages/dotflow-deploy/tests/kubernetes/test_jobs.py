"""A project deployed to a cluster, by the real kubectl over HTTP."""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from dotflow_deploy.errors import BuildError, CloudError, InvalidProject, NotOurs
from dotflow_deploy.kubernetes.jobs import stack
from dotflow_deploy.options import Options
from dotflow_deploy.project import load_project, named_project
from dotflow_deploy.stack.change import Action

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.stack import Stack

IMAGE = "registry.example.com/team/shop:1"
TOKEN = "t0p-s3cret"


def declared(root: Path, env: dict[str, str] | None = None, **options: Any) -> Stack:
    project = load_project(root, env={"TOKEN": TOKEN} if env is None else env)
    return stack(project, Options(**{"image": IMAGE, **options}))


def gone(root: Path, **options: Any) -> Stack:
    return stack(named_project(root, "shop"), Options(**options))


def test_from_nothing_to_nothing(shop: Path, cluster: Any, tmp_path: Path) -> None:
    """Deployed, deployed again, changed, destroyed and destroyed again: no more is done."""
    plan = declared(shop).plan()
    assert [change.action for change in plan] == [Action.CREATE] * 3
    assert "context here" in next(iter(plan)).detail
    assert not cluster.mutations
    made = declared(shop)
    made.apply()
    assert len(cluster.mutations) == 3
    first = cluster.one("jobs")["metadata"]["name"]
    assert made.outputs() == {
        "State": "Running",
        "Logs": f"kubectl logs --follow job/{first}",
    }
    assert declared(shop).apply().is_empty
    assert len(cluster.mutations) == 3

    done = declared(shop, image="registry.example.com/team/shop:2").apply()
    assert [c.action for c in done] == [Action.KEEP, Action.KEEP, Action.UPDATE]
    assert "run: running -> stopped" in map(str, list(done)[2].differences)
    assert cluster.one("jobs")["metadata"]["name"] != first
    assert declared(shop, image="registry.example.com/team/shop:2").apply().is_empty

    gone(tmp_path).destroy()
    assert not cluster.objects
    before = list(cluster.mutations)
    assert gone(tmp_path).destroy().is_empty
    assert cluster.mutations == before


def test_schedule(shop: Path, cluster: Any) -> None:
    """A schedule makes a CronJob in UTC, is changed in place, and goes when not given."""
    schedule = {"schedule": "0 6 * * 1-5", "memory": 2048}
    declared(shop, **schedule).apply()
    found = cluster.one("cronjobs")
    assert found["spec"]["schedule"] == "0 6 * * 1-5"
    assert found["spec"]["timeZone"] == "Etc/UTC"
    assert declared(shop, **schedule).apply().is_empty

    changed = declared(shop, schedule="30 7 * * *", memory=2048)
    (difference,) = list(changed.plan())[2].differences
    assert str(difference) == "schedule: 0 6 * * 1-5 -> 30 7 * * *"
    changed.apply()
    assert cluster.one("cronjobs")["metadata"]["uid"] == found["metadata"]["uid"]
    assert changed.outputs()["Schedule"] == "30 7 * * * UTC"

    declared(shop).apply()
    assert {name.partition("/")[0] for name in cluster.names()} == {
        "serviceaccounts",
        "secrets",
        "jobs",
    }


def test_runs_have_no_rights(shop: Path, cluster: Any) -> None:
    """A run is not root, cannot write but to `/tmp`, and has no token of the cluster."""
    declared(shop, timeout=60).apply()
    spec = cluster.one("jobs")["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["activeDeadlineSeconds"] == 60
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {e["name"]: e["value"] for e in container["env"]} == {
        "DOTFLOW_OUTPUT_PATH": "/tmp/.output",
        "HOME": "/tmp",
    }
    assert cluster.one("serviceaccounts")["automountServiceAccountToken"] is False


def test_manifests_are_valid(shop: Path, cluster: Any) -> None:
    """What is sent passes the schemas that Kubernetes publishes."""
    validate = pytest.importorskip("kubernetes_validate")
    declared(shop).apply()
    declared(shop, schedule="0 6 * * *", namespace="team").apply()
    for made in cluster.objects.values():
        validate.validate(made, "1.30", strict=True)


def test_variables_are_in_a_secret_alone(shop: Path, cluster: Any) -> None:
    """Values are in the Secret, and in no plan, no job, and no command line."""
    env = {"TOKEN": TOKEN, "TEXT": "two\nlines", "HOME": "/home"}
    done = declared(shop, env).apply()
    data = cluster.one("secrets")["data"]
    assert {n: base64.b64decode(v).decode() for n, v in data.items()} == env
    assert TOKEN not in json.dumps(cluster.one("jobs"))
    assert data["TOKEN"] not in json.dumps(cluster.one("jobs"))
    assert TOKEN not in json.dumps([change.to_dict() for change in done])


def test_changed_variable_runs_anew(shop: Path, cluster: Any) -> None:
    """Another value is told of by its name, and makes another run."""
    declared(shop, {"TOKEN": "first-one", "OLD": "1"}).apply()
    first = cluster.one("jobs")["metadata"]["name"]
    changed = declared(shop, {"TOKEN": "second-one", "NEW": "2"})
    _, secret, job = changed.plan()
    assert [str(difference) for difference in secret.differences] == [
        "NEW: None -> (changed)",
        "OLD: (set) -> None",
        "TOKEN: (set) -> (changed)",
    ]
    assert job.action is Action.UPDATE
    changed.apply()
    assert cluster.one("jobs")["metadata"]["name"] != first
    assert set(cluster.one("secrets")["data"]) == {"TOKEN", "NEW"}
    assert declared(shop, {"TOKEN": "second-one", "NEW": "2"}).apply().is_empty


@pytest.mark.parametrize("code", [403, 500])
@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.sampled(2)
def test_failure_is_resumed(shop: Path, cluster: Any, step: int, code: int) -> None:
    """After a failure at any step, the same command goes on where it stopped."""
    cluster.refuse[step] = code
    with pytest.raises(CloudError) as caught:
        declared(shop).apply()
    assert TOKEN not in str(caught.value)
    if code == 403:
        assert "lack the permission create " in str(caught.value)
        assert "kubectl auth can-i create" in str(caught.value)
    declared(shop).apply()
    assert len(cluster.mutations) == 4
    assert declared(shop).apply().is_empty


@pytest.mark.parametrize("step", [4, 5])
@pytest.mark.sampled(1)
def test_failed_change_is_resumed(shop: Path, cluster: Any, step: int) -> None:
    """A job that could be removed and not made anew is made by the same command."""
    declared(shop).apply()
    cluster.refuse[step] = 500
    other = "registry.example.com/team/shop:2"
    with pytest.raises(CloudError):
        declared(shop, image=other).apply()
    declared(shop, image=other).apply()
    pod = cluster.one("jobs")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == other


@pytest.mark.parametrize("step", [4, 5, 6])
@pytest.mark.sampled(1)
def test_failed_removal_is_resumed(shop: Path, cluster: Any, step: int) -> None:
    """After a failure of `destroy` at any step, the same command removes the rest."""
    declared(shop).apply()
    cluster.refuse[step] = 403
    with pytest.raises(CloudError, match="lack the permission delete"):
        gone(shop).destroy()
    gone(shop).destroy()
    assert not cluster.objects


@pytest.mark.parametrize("kind", ["serviceaccounts", "secrets", "cronjobs"])
def test_foreign_things_stay(shop: Path, cluster: Any, kind: str) -> None:
    """What was there before is neither changed nor removed, and nothing is made."""
    name = "shop-env" if kind == "secrets" else "shop"
    labels = {"dotflow-project": "other"}
    foreign = {"metadata": {"name": name, "labels": labels}, "spec": {"schedule": "*"}}
    cluster.create("default", kind, foreign)
    before = dict(cluster.objects)
    with pytest.raises(NotOurs, match=f"{name} exists already"):
        declared(shop).apply()
    assert gone(shop).destroy().is_empty
    assert cluster.objects == before
    assert not cluster.mutations


def test_jobs_of_others_stay(shop: Path, cluster: Any) -> None:
    """Jobs of other projects, and those that a CronJob has made, are left alone."""
    declared(shop, schedule="0 6 * * *").apply()
    marks = cluster.one("cronjobs")["metadata"]["labels"]
    owner = [{"kind": "CronJob", "name": "shop"}]
    made = {"name": "shop-123", "labels": marks, "ownerReferences": owner}
    cluster.create("default", "jobs", {"metadata": made, "spec": {}})
    other = {**marks, "dotflow-project": "other"}
    cluster.create(
        "default", "jobs", {"metadata": {"name": "x", "labels": other}, "spec": {}}
    )
    assert declared(shop, schedule="0 6 * * *").apply().is_empty
    gone(shop).destroy()
    assert cluster.names() == {"jobs/shop-123", "jobs/x"}


def test_namespace(shop: Path, cluster: Any) -> None:
    """Everything is in the namespace that is asked for; it must be there already."""
    declared(shop, namespace="team").apply()
    assert not cluster.names("default")
    assert len(cluster.names("team")) == 3
    gone(shop, namespace="team").destroy()
    assert not cluster.objects
    with pytest.raises(CloudError, match="kubectl create namespace nowhere"):
        declared(shop, namespace="nowhere").apply()


def test_image_is_built_and_pushed(
    shop: Path, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An image without a tag is built and pushed once, before the job that needs it."""
    log = tmp_path / "pushed"
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ntest "$1" != push || echo "$2" >> {log}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    where = "registry.example.com:5000/shop"
    declared(shop, image=where).apply()
    (pushed,) = log.read_text().split()
    pod = cluster.one("jobs")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == pushed
    assert pushed.startswith(f"{where}:")
    assert declared(shop, image=where).apply().is_empty
    assert log.read_text().split() == [pushed]
    uid = cluster.one("jobs")["metadata"]["uid"]
    declared(shop, image=where, rebuild=True).apply()
    assert log.read_text().split() == [pushed, pushed]
    assert cluster.one("jobs")["metadata"]["uid"] != uid


def test_without_an_image(shop: Path, cluster: Any) -> None:
    """Where the image goes has to be said, and the message says how."""
    with pytest.raises(InvalidProject, match="--image registry"):
        declared(shop, image=None).apply()
    assert not cluster.mutations


def test_failed_build_changes_no_job(
    shop: Path, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job that is there stays if its successor cannot be built."""
    declared(shop).apply()
    job = cluster.one("jobs")
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(BuildError):
        declared(shop, image="registry.example.com/shop").apply()
    assert cluster.one("jobs") == job


def test_cluster_that_does_not_answer(
    shop: Path, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that is not there, and credentials that expired, are told apart."""
    cluster.logged_out = True
    with pytest.raises(CloudError, match="kubectl auth whoami"):
        declared(shop).plan()
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    with pytest.raises(CloudError, match="kubectl cluster-info"):
        declared(shop).plan()


def test_without_kubectl(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without kubectl, the message says where to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CloudError, match=r"not installed.*kubernetes\.io"):
        declared(shop).plan()


@pytest.mark.parametrize("options", [{"region": "here"}, {"builder": "zip"}])
def test_options_without_meaning(shop: Path, options: dict[str, Any]) -> None:
    """An option that a cluster has no use for is refused."""
    with pytest.raises(InvalidProject, match="leave out"):
        declared(shop, **options)
