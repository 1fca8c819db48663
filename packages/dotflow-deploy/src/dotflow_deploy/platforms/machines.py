"""Machines of one's own: Terraform makes one, systemd runs the image on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from dotflow_deploy.platforms.containers import manifests
from dotflow_deploy.platforms.platform import Family, File, Platform, Scheduling
from dotflow_deploy.platforms.render import Raw
from dotflow_deploy.platforms.shared import IMAGE, own, readme, terraform
from dotflow_deploy.project import shortened
from dotflow_deploy.schedule import kubernetes, systemd_calendar

if TYPE_CHECKING:
    from dotflow_deploy.platforms.platform import Request
    from dotflow_deploy.platforms.render import Values


def _files(platform: str) -> tuple[File, ...]:
    return (
        *IMAGE,
        *own(platform, "main.tf"),
        *own(platform, "cloud-init.yaml", "README.md", source="machine"),
    )


def _values(
    needs: str, login: str, provider: Values, agent: bool = False
) -> Callable[[Request], Values]:
    def values(request: Request) -> Values:
        lines = systemd_calendar(request.schedule) if request.schedule else []
        return {
            **provider,
            "needs": Raw(needs),
            "login": login,
            "sudo": Raw("" if login == "root" else "sudo "),
            "agent": agent,
            # Linode takes 3 to 32 characters.
            "label": shortened(f"{request.project.name}-vm", 32),
            # Each on a line of its own, below the first in the unit.
            "calendar": Raw("\n      ".join(f"OnCalendar={line}" for line in lines)),
        }

    return values


def _machine(
    name: str, title: str, region: str, needs: str, login: str, provider: Values
) -> Platform:
    return Platform(
        name=name,
        title=title,
        description="A machine whose systemd runs the container",
        family=Family.MACHINES,
        files=_files(name),
        start=f"terraform -chdir=deploy/{name} init",
        region=region,
        scheduling=Scheduling.OPTIONAL,
        values=_values(needs, login, provider, agent=name == "proxmox"),
    )


PLATFORMS: Final = (
    _machine(
        "linode",
        "Linode",
        "eu-central",
        "a token of Linode in `LINODE_TOKEN`.",
        "root",
        terraform("linode/linode", "~> 2.25", regional=False),
    ),
    _machine(
        "vultr",
        "Vultr",
        "fra",
        "an API key of Vultr in `VULTR_API_KEY`.",
        "root",
        terraform("vultr/vultr", "~> 2.23", regional=False),
    ),
    _machine(
        "oracle-cloud",
        "Oracle Cloud",
        "eu-frankfurt-1",
        "the credentials of `oci setup config`; the compartment's OCID is asked for,\n"
        "or read from `TF_VAR_compartment_id`.",
        "ubuntu",
        terraform("oracle/oci", ">= 6.0, < 8.0"),
    ),
    _machine(
        "proxmox",
        "Proxmox",
        "",
        "`PROXMOX_VE_ENDPOINT` and\n`PROXMOX_VE_API_TOKEN`, an SSH agent that is known"
        " to the node's root, and a datastore\nthat is allowed to hold snippets.",
        "debian",
        terraform("bpg/proxmox", "~> 0.70"),
    ),
    Platform(
        name="civo",
        title="Civo",
        description="A small Kubernetes cluster with a Job or CronJob",
        family=Family.MACHINES,
        files=(
            *IMAGE,
            *own("civo", "main.tf"),
            *manifests("civo"),
            readme("civo"),
        ),
        start="terraform -chdir=deploy/civo init",
        region="FRA1",
        scheduling=Scheduling.OPTIONAL,
        dialect=kubernetes,
        values=lambda _: terraform("civo/civo", "~> 1.1"),
    ),
)
