"""A project deployed to GitHub Actions, by PyGithub over HTTP."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dotflow_deploy.errors import (
    CloudError,
    InvalidProject,
    NotOurs,
    ScheduleNotExpressible,
)
from dotflow_deploy.github.contents import RECORD, WORKFLOW
from dotflow_deploy.github.workflow import stack
from dotflow_deploy.options import Options
from dotflow_deploy.project import load_project, named_project
from dotflow_deploy.stack.change import Action

if TYPE_CHECKING:
    from pathlib import Path

    from dotflow_deploy.stack import Stack

ENV = {"TOKEN": "t0p-s3cret", "stage": "two\nlines"}
FIRST = [Action.CREATE] * 3


def declared(root: Path, env: dict[str, str] | None = None, **options: Any) -> Stack:
    project = load_project(root, env=ENV if env is None else env)
    return stack(project, Options(**options))


def gone(root: Path, **options: Any) -> Stack:
    return stack(named_project(root, "shop"), Options(**options))


def foreign(hub: Any, name: str = "me/shop", **files: bytes) -> Any:
    """Put a repository there that a user has made."""
    # The fake's own class: a fixture's module cannot be imported.
    repo = hub.repos[name] = hub.new_repo(name, description="Mine")
    repo.push("Work", {"main.py": b"print()\n", **files})
    return repo


def test_from_nothing_to_nothing(shop: Path, hub: Any, tmp_path: Path) -> None:
    """Deployed, deployed again, changed, destroyed and destroyed again: no more is done."""
    plan = declared(shop).plan()
    assert [change.action for change in plan] == FIRST
    assert "me/shop, private" in [change.detail for change in plan]
    assert not hub.mutations
    made = declared(shop)
    made.apply()
    repo = hub.repos["me/shop"]
    assert repo.said["private"] is True
    assert repo.messages == ["Deploy shop", "Initial commit"]
    assert made.outputs()["Run it now"].endswith("--repo me/shop")
    before = len(hub.mutations)

    assert declared(shop).apply().is_empty
    assert len(hub.mutations) == before

    (shop / "shop" / "steps.py").write_text("changed = True\n")
    (shop / "shop" / "extra.py").write_text("")
    declared(shop).apply()
    assert repo.files["shop/steps.py"] == b"changed = True\n"
    (shop / "shop" / "extra.py").unlink()
    declared(shop).apply()
    assert "shop/extra.py" not in repo.files
    assert repo.messages[:2] == ["Deploy shop"] * 2
    assert declared(shop).apply().is_empty

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    gone(elsewhere).destroy()
    assert not repo.secrets
    assert not repo.variables
    assert not {WORKFLOW, RECORD} & repo.files.keys()
    assert "shop/workflow.py" in repo.files
    before = len(hub.mutations)
    assert gone(elsewhere).destroy().is_empty
    assert len(hub.mutations) == before

    assert not declared(shop).apply().is_empty
    assert WORKFLOW in repo.files


def test_only_what_may_leave_is_committed(shop: Path, hub: Any) -> None:
    """Neither `.env` nor what `.gitignore` leaves out is in the repository."""
    (shop / "data.bin").write_bytes(b"\xff\0\xfe")
    tool = shop / "tool.sh"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    declared(shop).apply()
    repo = hub.repos["me/shop"]
    assert not {".env", "debug.log"} & repo.files.keys()
    assert repo.files["data.bin"] == b"\xff\0\xfe"
    assert repo.entries["tool.sh"][1] == "100755"
    assert declared(shop).apply().is_empty


def test_variables_are_secrets(shop: Path, hub: Any) -> None:
    """A run gets each variable; no request, plan or file has a value that can be read."""
    done = declared(shop, schedule="0 6 * * *", timeout=90).apply()
    assert hub.secret("me/shop", "TOKEN") == ENV["TOKEN"]
    assert hub.secret("me/shop", "STAGE") == ENV["stage"]
    workflow = yaml.safe_load(hub.repos["me/shop"].files[WORKFLOW])
    job = workflow["jobs"]["run"]
    assert job["env"]["TOKEN"] == "${{ secrets.TOKEN }}"
    assert job["env"]["stage"] == "${{ secrets.STAGE }}"
    assert job["timeout-minutes"] == 2
    # YAML 1.1 takes the key `on` for true.
    assert workflow[True]["schedule"] == [{"cron": "0 6 * * *"}]
    shown = json.dumps([change.to_dict() for change in done])
    assert ENV["TOKEN"] not in "".join([shown, *hub.bodies])


def test_changed_variables(shop: Path, hub: Any) -> None:
    """What has changed is sent, what is no more is removed, the rest is left alone."""
    declared(shop, {"KEEP": "same", "TURN": "first-one", "GO": "x"}).apply()
    repo = hub.repos["me/shop"]
    kept = repo.secrets["KEEP"]
    changed = declared(shop, {"KEEP": "same", "TURN": "second-one", "NEW": "y"})
    differences = list(changed.plan())[1].differences
    assert [str(difference) for difference in differences] == [
        "GO: (set) -> None",
        "NEW: None -> (changed)",
        "TURN: (set) -> (changed)",
    ]
    changed.apply()
    assert set(repo.secrets) == {"KEEP", "TURN", "NEW"}
    assert repo.secrets["KEEP"] == kept
    assert hub.secret("me/shop", "TURN") == "second-one"
    assert (
        declared(shop, {"KEEP": "same", "TURN": "second-one", "NEW": "y"})
        .apply()
        .is_empty
    )


def test_failures_are_resumed(shop: Path, hub: Any) -> None:
    """After a failure at any request that changes something, the rest is made."""
    declared(shop).apply()
    count = len(hub.mutations)
    files, secrets = hub.repos["me/shop"].files, set(hub.repos["me/shop"].secrets)
    assert count >= 7
    for step in range(1, count + 1):
        hub.repos.clear()
        hub.mutations.clear()
        hub.refuse = {step: 500}
        with pytest.raises(CloudError, match="GitHub answers 500") as caught:
            declared(shop).apply()
        assert ENV["TOKEN"] not in str(caught.value)
        declared(shop).apply()
        repo = hub.repos["me/shop"]
        assert (repo.files, set(repo.secrets)) == (files, secrets)
        assert hub.secret("me/shop", "TOKEN") == ENV["TOKEN"]
        assert repo.messages.count("Deploy shop") == 1
        assert declared(shop).apply().is_empty


def test_failed_removals_are_resumed(shop: Path, hub: Any) -> None:
    """After a failure of `destroy` at any request, the same command removes the rest."""
    for step in range(1, 7):
        hub.repos.clear()
        declared(shop).apply()
        hub.mutations.clear()
        hub.refuse = {step: 500}
        with pytest.raises(CloudError):
            gone(shop).destroy()
        gone(shop).destroy()
        repo = hub.repos["me/shop"]
        assert not repo.secrets
        assert not repo.variables
        assert WORKFLOW not in repo.files
    hub.repos.clear()
    declared(shop).apply()
    hub.mutations.clear()
    gone(shop).destroy()
    assert len(hub.mutations) == 6


def test_foreign_repository_stays(shop: Path, hub: Any) -> None:
    """A repository of the project's name that the user has made is not touched."""
    repo = foreign(hub)
    head = repo.head
    with pytest.raises(NotOurs, match="Repository shop exists already"):
        declared(shop).apply()
    assert gone(shop).destroy().is_empty
    assert repo.head == head
    assert not hub.mutations


def test_named_repository_gets_the_workflow_alone(shop: Path, hub: Any) -> None:
    """In the user's own repository, code is what the user pushes."""
    repo = foreign(hub, "team/code")
    repo.secrets["OTHER"] = "of somebody else"
    declared(shop, repository="team/code").apply()
    assert set(repo.files) == {"README.md", "main.py", WORKFLOW, RECORD}
    repo.push("More work", {"main.py": b"print(1)\n"})
    assert declared(shop, repository="team/code").apply().is_empty
    gone(shop, repository="team/code").destroy()
    assert set(repo.files) == {"README.md", "main.py"}
    assert repo.files["main.py"] == b"print(1)\n"
    assert repo.secrets == {"OTHER": "of somebody else"}


def test_foreign_workflow_stays(shop: Path, hub: Any) -> None:
    """A workflow file that the user has pushed is neither replaced nor removed."""
    repo = foreign(hub, "team/code", **{WORKFLOW: b"name: mine\n"})
    with pytest.raises(NotOurs, match=r"dotflow\.yml exists already"):
        declared(shop, repository="team/code").apply()
    gone(shop, repository="team/code").destroy()
    assert repo.files[WORKFLOW] == b"name: mine\n"
    assert not hub.mutations


def test_foreign_secret_stays(shop: Path, hub: Any) -> None:
    """A secret of a variable's name that the user has set is neither changed nor removed."""
    repo = foreign(hub, "team/code")
    repo.secrets["TOKEN"] = "mine"
    with pytest.raises(NotOurs, match="Actions secrets"):
        declared(shop, repository="team/code").apply()
    gone(shop, repository="team/code").destroy()
    assert repo.secrets == {"TOKEN": "mine"}
    assert not hub.mutations


def test_two_projects_do_not_share_a_repository(shop: Path, hub: Any) -> None:
    """The second project is told that the workflow is the first one's."""
    foreign(hub, "team/code")
    declared(shop, {}, repository="team/code").apply()
    other = stack(load_project(shop, name="other"), Options(repository="team/code"))
    with pytest.raises(NotOurs):
        other.apply()
    assert other.destroy().is_empty


def test_push_in_between_is_not_lost(shop: Path, hub: Any) -> None:
    """A commit that somebody pushes meanwhile stays, and the next run builds upon it."""
    declared(shop).apply()
    repo = hub.repos["me/shop"]
    made = hub.made

    def slow(found: Any, body: Any) -> Any:
        answer = made(found, body)
        hub.made = made
        repo.push("In between", {"NOTES.md": b"mine\n"})
        return answer

    hub.made = slow
    (shop / "shop" / "steps.py").write_text("")
    with pytest.raises(CloudError, match="not a fast forward"):
        declared(shop).apply()
    declared(shop).apply()
    assert repo.files["NOTES.md"] == b"mine\n"
    assert repo.files["shop/steps.py"] == b""


def test_own_workflow_file_is_used(shop: Path, hub: Any) -> None:
    """A workflow file that the user has changed is committed as it is."""
    own = shop / WORKFLOW
    own.parent.mkdir(parents=True)
    own.write_text("name: mine\n")
    with pytest.raises(InvalidProject, match=r"STAGE: \$\{\{ secrets\.STAGE \}\}"):
        declared(shop).apply()
    with pytest.raises(InvalidProject, match="leave out --schedule"):
        declared(shop, {}, schedule="0 6 * * *").apply()
    declared(shop, {}).apply()
    assert hub.repos["me/shop"].files[WORKFLOW] == b"name: mine\n"


@pytest.mark.parametrize("env", [{"GITHUB_TOKEN": "x"}, {"A": "1", "a": "2"}])
def test_names_that_github_refuses(shop: Path, hub: Any, env: dict[str, str]) -> None:
    """A variable that cannot be a secret is refused before anything is made."""
    with pytest.raises(InvalidProject, match="rename"):
        declared(shop, env).apply()
    assert not hub.mutations


def test_schedule_that_github_refuses(shop: Path, hub: Any) -> None:
    """A schedule that is too frequent is refused before anything is made."""
    with pytest.raises(ScheduleNotExpressible):
        declared(shop, schedule="* * * * *").apply()
    assert not hub.mutations


@pytest.mark.parametrize(
    ("step", "needed"),
    [(1, "Administration: write"), (2, "Variables: write"), (3, "Secrets: write")],
)
def test_missing_permission(shop: Path, hub: Any, step: int, needed: str) -> None:
    """A token that may not is told what it needs, and where to give it that."""
    hub.refuse[step] = 403
    with pytest.raises(CloudError, match=f"lack the permission {needed}") as caught:
        declared(shop).apply()
    assert "gh auth refresh --scopes repo,workflow" in str(caught.value)
    hub.refuse[len(hub.mutations) + 1] = 403
    hub.headers["X-Accepted-GitHub-Permissions"] = "workflows=write"
    with pytest.raises(CloudError, match="workflows=write"):
        declared(shop).apply()


def test_credentials_that_do_not_hold(
    shop: Path, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong token is not shown; without one, the message says how to get one."""
    monkeypatch.setenv("GITHUB_TOKEN", "gho_wrong")
    with pytest.raises(CloudError, match="gh auth login") as caught:
        declared(shop).plan()
    assert "gho_wrong" not in str(caught.value)
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidProject, match="GitHub needs a token"):
        declared(shop).plan()


def test_token_of_the_command_line_tool(
    shop: Path, hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is logged in with gh needs no variable."""
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    token = os.environ["GITHUB_TOKEN"]
    program.write_text(f'#!/bin/sh\ntest "$1 $2" = "auth token" && echo {token}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    assert [change.action for change in declared(shop).plan()] == FIRST


def test_github_that_does_not_answer(
    shop: Path, hub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a connection, the message says to whom."""
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    with pytest.raises(CloudError, match=r"http://127\.0\.0\.1:9 does not answer"):
        declared(shop).plan()


def test_named_repository_that_is_not_there(shop: Path, hub: Any) -> None:
    """A repository that was named is not made, and may only be out of sight."""
    with pytest.raises(CloudError, match="If it is there, the token lacks"):
        declared(shop, repository="team/none").apply()
    assert not hub.mutations


@pytest.mark.parametrize(
    "options", [{"region": "here"}, {"builder": "zip"}, {"repository": "shop"}]
)
def test_options_without_meaning(shop: Path, options: dict[str, Any]) -> None:
    """An option that GitHub has no use for is refused."""
    with pytest.raises(InvalidProject, match=r"leave out|owner/name"):
        declared(shop, **options)


def test_workflow_is_valid(shop: Path, hub: Any, tmp_path: Path) -> None:
    """The workflow that is committed passes the schema of GitHub's workflows."""
    cli = pytest.importorskip("check_jsonschema.cli")
    testing = pytest.importorskip("click.testing")
    declared(shop, schedule="0 6 * * *").apply()
    path = tmp_path / "dotflow.yml"
    path.write_bytes(hub.repos["me/shop"].files[WORKFLOW])
    arguments = ["--builtin-schema", "vendor.github-workflows", str(path)]
    done = testing.CliRunner().invoke(cli.main, arguments)
    assert done.exit_code == 0, done.output
