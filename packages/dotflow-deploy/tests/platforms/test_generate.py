"""Files written for a platform: complete, whole, and over nothing that was there."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from dotflow_deploy.errors import DeployError, InvalidProject, ScheduleNotExpressible
from dotflow_deploy.generate import Generated, Outcome, generate, write
from dotflow_deploy.platforms import Platform, Request, find_platform, platforms
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

if TYPE_CHECKING:
    from pathlib import Path

FILES = (Generated("a/b/one.txt", "1\n"), Generated("two.sh", "2\n", executable=True))
NAMES = [
    "docker",
    "lambda",
    "lambda-scheduled",
    "lambda-s3-trigger",
    "lambda-sqs-trigger",
    "lambda-api-trigger",
    "ecs",
    "ecs-scheduled",
    "cloud-run",
    "cloud-run-scheduled",
    "kubernetes",
    "azure-functions",
    "azure-container",
    "azure-container-instances",
    "azure-logic-apps",
    "azure-queue-trigger",
    "heroku",
    "fly-io",
    "railway",
    "render",
    "digital-ocean",
    "step-functions",
    "aws-batch",
    "app-runner",
    "cloud-functions",
    "cloud-workflows",
    "cloud-tasks",
    "pubsub-trigger",
    "github-actions",
    "gitlab-ci",
    "vercel",
    "coolify",
    "nomad",
    "terraform",
    "linode",
    "vultr",
    "oracle-cloud",
    "civo",
    "proxmox",
    "k3s",
    "alibaba-fc",
    "alibaba-fc-scheduled",
]


def test_every_platform_is_there() -> None:
    """All 42 platforms that users know have files."""
    assert sorted(platforms()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_no_platform_is_a_guide_alone(name: str, shop: Path) -> None:
    """Each platform gets something that runs there, and one guide, in its own folder."""
    files = generate(find_platform(name), Request(load_project(shop))).files
    targets = [file.target for file in files]
    guides = [target for target in targets if target.endswith(".md")]
    assert guides == [f"deploy/{name}/README.md"]
    assert len(targets) > 1
    assert len(set(targets)) == len(targets)


@pytest.mark.parametrize("name", NAMES)
def test_no_file_has_secrets(name: str, shop: Path) -> None:
    """Neither the project's secrets nor its variables get into a file."""
    project = load_project(shop, env={"PASSWORD": "hunter2-value"})
    for file in generate(find_platform(name), Request(project)).files:
        assert "never-to-leave" not in file.text
        assert "hunter2-value" not in file.text
        assert str(shop) not in file.text


def test_shared_files_are_the_same(shop: Path) -> None:
    """A project can have files of several platforms: what they share is the same."""
    seen: dict[str, str] = {}
    for platform in platforms().values():
        for file in generate(platform, Request(load_project(shop))).files:
            if platform.name == "coolify" and file.target == "Dockerfile":
                continue  # it brings the scheduler
            assert seen.setdefault(file.target, file.text) == file.text, file.target


def test_unknown_platform_is_told() -> None:
    """A platform that is not there is refused, and the nearest one is named."""
    with pytest.raises(InvalidProject, match="Did you mean 'kubernetes'"):
        find_platform("kubernets")


def test_schedule_where_there_is_none(shop: Path) -> None:
    """A schedule is refused by a platform without one, and the right one is named."""
    request = Request(load_project(shop), schedule=Cron.parse("0 6 * * *"))
    with pytest.raises(InvalidProject, match="use --platform ecs-scheduled"):
        generate(find_platform("ecs"), request)
    with pytest.raises(InvalidProject, match="dotflow cloud list"):
        generate(find_platform("azure-container-instances"), request)


def test_schedule_that_a_platform_cannot_say(shop: Path) -> None:
    """A schedule that a platform has no way to express is refused, with the reason."""
    request = Request(load_project(shop), schedule=Cron.parse("* * * * *"))
    with pytest.raises(ScheduleNotExpressible, match="Railway"):
        generate(find_platform("railway"), request)


def test_weekdays_are_translated_for_aws(shop: Path) -> None:
    """Monday to Friday stay Monday to Friday where the days are counted from one."""
    request = Request(load_project(shop), schedule=Cron.parse("30 6 * * 1-5"))
    files = generate(find_platform("ecs-scheduled"), request).files
    template = next(file for file in files if file.target.endswith("template.yaml"))
    assert 'ScheduleExpression: "cron(30 6 ? * MON-FRI *)"' in template.text


def test_days_of_both_kinds_for_systemd(shop: Path) -> None:
    """Days of the month and of the week are two lines of a timer: either is enough."""
    request = Request(load_project(shop), schedule=Cron.parse("30 6 1 * 1"))
    files = generate(find_platform("linode"), request).files
    made = next(file for file in files if file.target.endswith("cloud-init.yaml"))
    timer = made.text.partition("[Timer]")[2].partition("Persistent")[0]
    assert timer.count("OnCalendar=") == 2


@pytest.mark.parametrize("region", ["eu west", "$(id)", 'a"b', "../x", "eu\n", ""])
def test_region_that_is_none(region: str, shop: Path) -> None:
    """A region that could break a file is refused."""
    with pytest.raises(InvalidProject, match="is no region"):
        generate(find_platform("ecs"), Request(load_project(shop), region=region))


def test_region_where_there_is_none(shop: Path) -> None:
    """A region is refused by a platform that has none."""
    with pytest.raises(InvalidProject, match="leave out --region"):
        generate(find_platform("docker"), Request(load_project(shop), region="eu"))


def test_written_as_generated(tmp_path: Path) -> None:
    """Files are made with their folders; scripts can be run, nothing else is left."""
    folder = tmp_path / "not/there"
    outcomes = write(folder, FILES)
    assert set(outcomes.values()) == {Outcome.CREATED}
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert there == {"a/b/one.txt", "two.sh"}
    assert (folder / "a/b/one.txt").read_bytes() == b"1\n"
    assert stat.S_IMODE((folder / "two.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "a/b/one.txt").stat().st_mode) == 0o644


def test_written_twice_changes_nothing(tmp_path: Path) -> None:
    """Generating again what is there already is no conflict and changes nothing."""
    write(tmp_path, FILES)
    before = (tmp_path / "two.sh").stat()
    assert set(write(tmp_path, FILES).values()) == {Outcome.UNCHANGED}
    assert (tmp_path / "two.sh").stat() == before


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """Where one file differs nothing at all is written, and the message names it."""
    (tmp_path / "two.sh").write_text("mine\n")
    with pytest.raises(InvalidProject, match=r"  two\.sh\n.*--force"):
        write(tmp_path, FILES)
    assert (tmp_path / "two.sh").read_text() == "mine\n"
    assert not (tmp_path / "a").exists()


def test_force_replaces(tmp_path: Path) -> None:
    """With force what differs is replaced, and told as replaced."""
    (tmp_path / "two.sh").write_text("mine\n")
    outcomes = write(tmp_path, FILES, force=True)
    assert outcomes == {"a/b/one.txt": Outcome.CREATED, "two.sh": Outcome.REPLACED}
    assert (tmp_path / "two.sh").read_text() == "2\n"


def test_keep_leaves(tmp_path: Path) -> None:
    """What is to be kept is left as it is, and the rest is made."""
    (tmp_path / "two.sh").write_text("mine\n")
    outcomes = write(tmp_path, FILES, keep=True)
    assert outcomes == {"a/b/one.txt": Outcome.CREATED, "two.sh": Outcome.KEPT}
    assert (tmp_path / "two.sh").read_text() == "mine\n"


@pytest.mark.parametrize("target", ["/etc/x", "../x", "a/../../x", "a/../x", ""])
def test_paths_stay_in_the_folder(target: str, tmp_path: Path) -> None:
    """Nothing is ever written outside of the folder."""
    folder = tmp_path / "inner"
    with pytest.raises(DeployError, match="does not lead into"):
        write(folder, [*FILES, Generated(target, "x")], force=True)
    assert not folder.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the folder leads no file out of it, even with force."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "two.sh").write_text("precious\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").symlink_to(outside)
    with pytest.raises(InvalidProject, match="is a link"):
        write(folder, FILES, force=True)
    (folder / "a").unlink()
    (folder / "two.sh").symlink_to(outside / "two.sh")
    with pytest.raises(InvalidProject, match="is a link"):
        write(folder, FILES, force=True)
    assert (outside / "two.sh").read_text() == "precious\n"
    assert list(outside.iterdir()) == [outside / "two.sh"]


def test_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    """A file where a folder would have to be is told, not replaced."""
    (tmp_path / "a").write_text("mine\n")
    with pytest.raises(InvalidProject, match="would have to be a folder"):
        write(tmp_path, FILES, force=True)
    assert (tmp_path / "a").read_text() == "mine\n"


def test_folder_in_the_way_of_a_file(tmp_path: Path) -> None:
    """A folder where a file would have to be is told, not replaced."""
    (tmp_path / "two.sh").mkdir()
    with pytest.raises(InvalidProject, match="is no file"):
        write(tmp_path, FILES, force=True)


def test_descriptions_fit_a_table() -> None:
    """Every platform is described in a few words, without a full stop."""

    def is_short(platform: Platform) -> bool:
        text = platform.description
        return 5 < len(text) < 75 and not text.endswith(".")

    assert all(map(is_short, platforms().values()))


def test_new_project_has_the_same_image(tmp_path: Path) -> None:
    """What `dotflow init --docker` writes is what is generated for its project later."""
    from dotflow_cli.scaffold.project import Settings, files_of
    from dotflow_cli.scaffold.project import write as write_project

    root = tmp_path / "my-shop"
    write_project(root, files_of(Settings("my-shop", docker=True)))
    project = load_project(root)
    assert project.workflow == "my_shop.workflow:build"
    outcomes = write(root, generate(find_platform("docker"), Request(project)).files)
    assert outcomes["Dockerfile"] is Outcome.UNCHANGED
    assert outcomes[".dockerignore"] is Outcome.UNCHANGED
    assert outcomes["compose.yaml"] is Outcome.CREATED
