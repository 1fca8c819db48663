"""`dotflow server systemd|container`: files that run a server."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click

from dotflow.__about__ import __version__
from dotflow_server.commands.options import database_of, database_option

_UNIT = """\
[Unit]
Description=dotflow server
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={command}
WorkingDirectory={folder}
Restart=on-failure
RestartSec=2
TimeoutStopSec=30
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={folder}
UMask=0077

[Install]
WantedBy=multi-user.target
"""
_CONTAINER = """\
FROM python:3.13-slim
RUN useradd --create-home --uid 10001 dotflow \\
    && pip install --no-cache-dir "dotflow-server=={version}" "dotflow-postgres=={version}"
USER dotflow
WORKDIR /home/dotflow
VOLUME /home/dotflow
EXPOSE 4310
HEALTHCHECK CMD ["python", "-c", "import urllib.request as r; \\
r.urlopen('http://127.0.0.1:4310/readyz', timeout=5)"]
ENTRYPOINT ["dotflow", "server", "--host", "0.0.0.0"]
"""


@click.command("systemd")
@database_option
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=4310, show_default=True)
@click.option("--retention", metavar="TIME", default="90d", show_default=True)
def systemd(database: str | None, host: str, port: int, retention: str) -> None:
    """Print a systemd unit for the server of this environment."""
    name = database_of(database)
    if "://" in name:
        raise click.UsageError(
            "The address of a database may hold a password: keep it out of the unit. Set"
            " DOTFLOW_SERVER_DATABASE in an EnvironmentFile, and give no --database."
        )
    path = Path(name).absolute()
    words = [str(Path(sys.executable).with_name("dotflow")), "server"]
    words += ["--database", str(path), "--host", host, "--port", str(port)]
    words += ["--retention", retention]
    command = shlex.join(words)
    click.echo(_UNIT.format(command=command, folder=path.parent), nl=False)


@click.command("container")
def container() -> None:
    """Print a container file; its volume holds the store.

    Build it with the file on standard input: `docker build -t dotflow-server -`.
    """
    click.echo(_CONTAINER.format(version=__version__), nl=False)
