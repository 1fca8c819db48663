"""The deployers of dotflow 1.x."""

from __future__ import annotations

import pytest

from dotflow.cloud import core
from dotflow.cloud.alibaba import AliyunFCDeployer, AliyunFCScheduledDeployer
from dotflow.cloud.aws import ECSDeployer, LambdaDeployer
from dotflow.cloud.aws.schedule import AWSSchedule
from dotflow.cloud.gcp import CloudRunDeployer
from dotflow.cloud.github import ActionsDeployer
from dotflow_deploy import former
from dotflow_deploy.errors import InvalidProject


class Made:
    """Stands for the stack of a platform, which needs its cloud."""

    def __init__(self, platform, log):
        self.platform = platform
        self.log = log

    def __call__(self, project, options):
        self.log.append((self.platform, project.name, options.region, options.schedule))
        return self

    def apply(self):
        self.log.append("applied")


@pytest.fixture
def made(monkeypatch, tmp_path):
    (tmp_path / "workflow.py").write_text("def main():\n    pass\n")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\ndependencies = ["dotflow"]\n'
    )
    monkeypatch.chdir(tmp_path)
    log = []
    monkeypatch.setattr(former, "find_deployer", lambda name: Made(name, log))
    return log


@pytest.mark.parametrize(
    ("deployer", "options", "expected"),
    [
        (LambdaDeployer("eu-west-1"), {}, ("lambda", "shop", "eu-west-1", None)),
        (
            LambdaDeployer(region="us-east-1"),
            {"schedule": "0 6 * * *"},
            ("lambda-scheduled", "shop", "us-east-1", "0 6 * * *"),
        ),
        (ECSDeployer(), {}, ("ecs", "shop", None, None)),
        (
            CloudRunDeployer(project="p"),
            {"schedule": "0 6 * * *"},
            ("cloud-run-scheduled", "shop", None, "0 6 * * *"),
        ),
        (AliyunFCDeployer(namespace="n"), {}, ("alibaba-fc", "shop", None, None)),
        (ActionsDeployer(token="t"), {}, ("github-actions", "shop", None, None)),
    ],
)
def test_a_deployer_of_1x_makes_the_stack_of_today(
    made, monkeypatch, deployer, options, expected
):
    """`deploy(name)` declares the resources of its platform and makes them."""
    monkeypatch.setattr("os.environ", {})
    deployer.deploy("shop", **options)
    assert made == [expected, "applied"]


def test_a_deployer_that_needs_a_schedule_refuses_before_it_begins(made):
    """Without one, nothing is declared, and the message says how to give it."""
    with pytest.raises(InvalidProject, match="needs to know when"):
        AliyunFCScheduledDeployer().deploy("shop")
    assert made == []


@pytest.mark.parametrize(
    "name",
    ["Deployer", "EventScheduler", "LogManager", "ObjectStorage", "Queue", "Registry"],
)
def test_the_bases_are_abstract(name):
    """A base of 1.x cannot be made without its methods."""
    with pytest.raises(TypeError, match="abstract"):
        getattr(core, name)()


def test_a_deployer_of_the_users_own_needs_deploy_alone():
    """`setup` and `teardown` of a subclass do nothing unless it says otherwise."""

    class Mine(core.Deployer):
        def deploy(self, name, **kwargs):
            self.name = name

    mine = Mine()
    mine.setup("a")
    mine.deploy("a")
    mine.teardown("a")
    assert mine.name == "a"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("rate(1 day)", "rate(1 day)"),
        ("cron(0 6 * * ? *)", "cron(0 6 * * ? *)"),
        ("0 6 * * *", "cron(0 6 * * ? *)"),
        ("0 6 * * 1", "cron(0 6 ? * MON *)"),
    ],
)
def test_a_schedule_in_the_words_of_aws(given, expected):
    """Five fields of cron become EventBridge's six; its own words stay as they are."""
    assert AWSSchedule.convert(given) == expected
