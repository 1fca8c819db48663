"""Files of platforms whose schema no package ships: what they say, and refer to."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dotflow_deploy.generate import generate, write
from dotflow_deploy.platforms import Request, Scheduling, find_platform, platforms
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

if TYPE_CHECKING:
    from pathlib import Path

TERRAFORM = [
    name
    for name, platform in platforms().items()
    if any(file.target.endswith(".tf") for file in platform.files)
]


def made(name: str, target: str, shop: Path, schedule: str | None = None) -> str:
    """Return one of the files for a platform."""
    cron = None if schedule is None else Cron.parse(schedule)
    request = Request(load_project(shop), schedule=cron)
    files = generate(find_platform(name), request).files
    return next(file.text for file in files if file.target == target)


def everything(name: str, shop: Path) -> str:
    """Return the Terraform configuration of a platform, with a schedule."""
    return made(name, f"deploy/{name}/main.tf", shop, "0 6 * * 1-5")


@pytest.mark.parametrize("name", TERRAFORM)
def test_terraform_refers_to_what_is_there(name: str, shop: Path) -> None:
    """Each variable and resource that is named is declared, and each variable is used."""
    text = re.sub(r"^\s*#.*$", "", everything(name, shop), flags=re.MULTILINE)
    variables = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert variables == set(re.findall(r"\bvar\.(\w+)", text))
    resources = {
        f"{kind}.{label}"
        for kind, label in re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE)
    }
    data = {
        f"data.{kind}.{label}"
        for kind, label in re.findall(r'^data "(\w+)" "(\w+)"', text, re.MULTILINE)
    }
    prefix = {kind.partition("_")[0] for kind in resources}
    named = re.findall(rf"(?:data\.)?\b(?:{'|'.join(prefix)})_\w+\.\w+", text)
    assert set(named) - resources - data == set()
    assert data <= set(named)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="it is not installed")
@pytest.mark.parametrize("name", [*TERRAFORM, "nomad"])
def test_terraform_is_formatted(name: str, shop: Path) -> None:
    """What is generated is formatted as Terraform itself formats it."""
    target = "nomad/job.nomad.hcl" if name == "nomad" else f"{name}/main.tf"
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", "-"],
        input=made(name, f"deploy/{target}", shop, "0 6 * * 1-5"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="it is not installed")
@pytest.mark.parametrize("schedule", [None, "0 6 * * *"])
@pytest.mark.parametrize("name", ["kubernetes", "k3s", "civo"])
def test_kustomize_names_the_image(
    name: str, schedule: str | None, shop: Path, tmp_path: Path
) -> None:
    """The image that a user writes into the kustomization is the one that runs."""
    cron = None if schedule is None else Cron.parse(schedule)
    request = Request(load_project(shop), schedule=cron)
    write(tmp_path / "out", generate(find_platform(name), request).files)
    folder = tmp_path / f"out/deploy/{name}"
    kustomization = folder / "kustomization.yaml"
    text = kustomization.read_text("utf-8")
    text = text.replace('newName: "shop"', "newName: registry.example.com/shop")
    kustomization.write_text(text.replace("newTag: latest", 'newTag: "7"'), "utf-8")
    done = subprocess.run(
        ["kubectl", "kustomize", folder], capture_output=True, text=True, check=True
    )
    assert "image: registry.example.com/shop:7\n" in done.stdout
    kind = yaml.safe_load(done.stdout)["kind"]
    assert kind == ("Job" if schedule is None else "CronJob")


@pytest.mark.parametrize("schedule", [None, "0 6 * * *"])
def test_container_jobs_end(schedule: str | None, shop: Path) -> None:
    """A workflow that is over is not started again, whatever keeps services running."""
    job = yaml.safe_load(
        made("kubernetes", "deploy/kubernetes/job.yaml", shop, schedule)
    )
    spec = job["spec"]["jobTemplate"]["spec"] if schedule else job["spec"]
    assert spec["backoffLimit"] == 0
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    railway = json.loads(made("railway", "railway.json", shop, schedule))
    assert railway["deploy"].pop("restartPolicyType") == "NEVER"
    assert railway["deploy"] == ({"cronSchedule": schedule} if schedule else {})
    assert railway["build"] == {
        "builder": "DOCKERFILE",
        "dockerfilePath": "Dockerfile",
    }


def test_compose_runs_once_or_waits(shop: Path) -> None:
    """Without a schedule a service ends; with one it waits for it and is kept running."""

    def service(schedule: str | None) -> dict[str, Any]:
        found = yaml.safe_load(made("docker", "compose.yaml", shop, schedule))
        service: dict[str, Any] = found["services"]["workflow"]
        return service

    assert service(None)["restart"] == "no"
    assert "command" not in service(None)
    waiting = service("0 6 * * 1-5")
    assert waiting["restart"] == "unless-stopped"
    assert waiting["command"][:2] == ["dotflow", "schedule"]
    assert waiting["command"][5] == "0 6 * * 1-5"


def test_fly(shop: Path) -> None:
    """A machine of Fly ends with the workflow, or is kept running for its schedule."""
    once = tomllib.loads(made("fly-io", "fly.toml", shop))
    assert once["restart"] == [{"policy": "never"}]
    assert "processes" not in once
    waiting = tomllib.loads(made("fly-io", "fly.toml", shop, "0 6 * * *"))
    assert waiting["restart"] == [{"policy": "always", "processes": ["schedule"]}]
    assert "--cron '0 6 * * *' --timezone UTC" in waiting["processes"]["schedule"]
    for found in (once, waiting):
        # Neither serves anything: Fly must not wait for a port.
        assert not {"http_service", "services"} & set(found)


def test_render(shop: Path) -> None:
    """Render gets a cron job that builds the Dockerfile."""
    (service,) = yaml.safe_load(made("render", "render.yaml", shop, "0 6 * * 1"))[
        "services"
    ]
    assert service["type"] == "cron"
    assert service["schedule"] == "0 6 * * 1"
    assert service["runtime"] == "docker"
    assert service["dockerfilePath"] == "./Dockerfile"


def test_heroku(shop: Path) -> None:
    """Heroku gets no web process, and a worker that runs the workflow."""
    found = yaml.safe_load(made("heroku", "heroku.yml", shop))
    assert found["build"] == {"docker": {"worker": "Dockerfile"}}
    (command,) = found["run"]["worker"]["command"]
    assert command == "dotflow start --workflow shop.workflow:build"
    assert list(found["run"]) == ["worker"]


@pytest.mark.parametrize("schedule", [None, "0 6 * * *"])
def test_digital_ocean(schedule: str | None, shop: Path) -> None:
    """The App Platform gets a job, which runs on the schedule or at each deployment."""
    found = yaml.safe_load(
        made("digital-ocean", "deploy/digital-ocean/app.yaml", shop, schedule)
    )
    (job,) = found["jobs"]
    assert job["kind"] == ("SCHEDULED" if schedule else "POST_DEPLOY")
    if schedule:
        assert job["schedule"] == {"cron": schedule, "time_zone": "UTC"}
    assert not {"services", "workers"} & set(found)


@pytest.mark.parametrize("schedule", [None, "0 6 * * *"])
@pytest.mark.parametrize("name", ["azure-container", "azure-container-instances"])
def test_azure_template_refers_to_what_is_there(
    name: str, schedule: str | None, shop: Path
) -> None:
    """Each resource and parameter that an Azure template names is in it."""
    if find_platform(name).scheduling is Scheduling.NONE and schedule:
        return
    text = made(name, f"deploy/{name}/template.json", shop, schedule)
    found = json.loads(text)
    there = {(one["type"], one["name"]) for one in found["resources"]}
    named = set(re.findall(r"resourceId\('([\w./]+)', '([\w-]+)'\)", text))
    assert named <= there
    assert set(re.findall(r"parameters\('(\w+)'\)", text)) == set(found["parameters"])
    if name == "azure-container":
        job = next(one for one in found["resources"] if one["type"].endswith("/jobs"))
        settings = job["properties"]["configuration"]
        assert settings["triggerType"] == ("Schedule" if schedule else "Manual")
        assert len(job["name"]) <= 32


@pytest.mark.parametrize("name", ["linode", "vultr", "oracle-cloud", "proxmox"])
def test_machine_has_a_unit(name: str, shop: Path) -> None:
    """A machine gets Docker and a unit; with a schedule a timer that survives a boot."""
    target = f"deploy/{name}/cloud-init.yaml"
    once = yaml.safe_load(made(name, target, shop))
    assert "docker.io" in once["packages"]
    units = {file["path"]: file["content"] for file in once["write_files"]}
    service = units["/etc/systemd/system/shop.service"]
    assert "Type=oneshot" in service
    assert "--env-file /etc/shop.env" in service
    assert "/etc/systemd/system/shop.timer" not in units
    timed = yaml.safe_load(made(name, target, shop, "0 6 * * 1-5"))
    units = {file["path"]: file["content"] for file in timed["write_files"]}
    timer = units["/etc/systemd/system/shop.timer"]
    assert "OnCalendar=Mon..Fri *-*-* 06:00:00 UTC\n" in timer
    assert "Persistent=true" in timer
    assert ["systemctl", "enable", "--now", "shop.timer"] in timed["runcmd"]


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="it is not installed"
)
def test_units_are_accepted_by_systemd(shop: Path, tmp_path: Path) -> None:
    """Systemd itself finds nothing wrong with the timer and the service."""
    text = made("linode", "deploy/linode/cloud-init.yaml", shop, "7 7 1 * 1")
    for file in yaml.safe_load(text)["write_files"]:
        if file["path"].endswith(".timer"):
            timer = tmp_path / "shop.timer"
            timer.write_text(file["content"], "utf-8")
    for line in timer.read_text("utf-8").splitlines():
        if line.startswith("OnCalendar="):
            subprocess.run(
                ["systemd-analyze", "calendar", line.partition("=")[2]],
                check=True,
                capture_output=True,
            )
