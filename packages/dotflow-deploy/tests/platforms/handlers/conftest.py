"""Generated handlers in a project, called as their platforms call them."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from dotflow_deploy.generate import generate, schedule_text, write
from dotflow_deploy.platforms import Request, find_platform
from dotflow_deploy.project import load_project
from dotflow_deploy.schedule import Cron

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
LIMIT = 60
PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"

FAILURE = "there is a boom in it"
"""What the project's `transform` says of `{"numbers": ["boom"]}`."""

EVENTS = """
    import os
    import time
    from pathlib import Path

    from dotflow import Config, DotFlow, action

    from shop.steps import extract, load, transform


    @action
    def keep(initial_context):
        if "boom" in str(initial_context.storage):
            raise ValueError("there is a boom in it")
        print("got", initial_context.storage, flush=True)
        return initial_context.storage


    @action
    def wait(initial_context):
        Path(os.environ["BEGUN"]).touch()
        end = time.monotonic() + 60
        while not Path(os.environ["GO"]).exists() and time.monotonic() < end:
            time.sleep(0.01)
        return "waited"


    def build(event) -> DotFlow:
        workflow = DotFlow(config=Config.from_env(), workflow_id="events")
        workflow.task.add(step=keep, initial_context=event)
        return workflow


    def loose() -> DotFlow:
        workflow = DotFlow(config=Config.from_env())
        workflow.task.add([extract, transform, load])
        return workflow


    def slow() -> DotFlow:
        workflow = DotFlow(workflow_id="slow")
        workflow.task.add(step=wait)
        return workflow
    """


@dataclass
class Placed:
    """A project with a platform's files in it.

    Attributes:
        root: The project's folder.
        folder: `deploy/<platform>` there.
        before: What was in the project before anything ran.
    """

    root: Path
    folder: Path
    before: set[str] = field(default_factory=set)

    def written(self) -> set[str]:
        """Return what runs have written into the project."""
        return _tree(self.root) - self.before

    def digest(self) -> str:
        """Return a digest of all that is in the project."""
        total = hashlib.sha256(self.folder.name.encode())
        for path in sorted(_tree(self.root)):
            total.update(path.encode() + (self.root / path).read_bytes())
        return total.hexdigest()


def _tree(root: Path) -> set[str]:
    return {p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()}


Place = Callable[..., Placed]


@pytest.fixture
def place(shop: Path) -> Place:
    """Return what puts a platform's generated files into the project."""
    (shop / "shop/events.py").write_text(dedent(EVENTS).lstrip(), encoding="utf-8")

    def put(platform: str, workflow: str | None = None, python: str = PYTHON) -> Placed:
        found = find_platform(platform)
        text = schedule_text(found, None)
        project = load_project(shop, workflow=workflow, python=python)
        request = Request(project, schedule=Cron.parse(text) if text else None)
        write(shop, generate(found, request).files, force=True)
        return Placed(shop, shop / "deploy" / platform, _tree(shop))

    return put


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Give the variables of a function: none of this process's, checkpoints to files."""
    home = tmp_path / "home"
    home.mkdir()
    return {
        "PATH": PATH,
        "HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "DOTFLOW_STORAGE": "file",
        "DOTFLOW_OUTPUT_PATH": str(tmp_path / "tmp" / ".output"),
        "BEGUN": str(tmp_path / "begun"),
        "GO": str(tmp_path / "go"),
    }


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return what gives a port that nobody listens on."""
    return _free_port


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Answer:
    """An answer to an HTTP request."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """What its JSON says."""
        return json.loads(self.text)


@dataclass
class Server:
    """A process that answers HTTP requests on loopback.

    Attributes:
        process: The process.
        port: The port that it was told to listen on.
        lines: What it has written, so far.
    """

    process: subprocess.Popen[str]
    port: int
    lines: list[str] = field(default_factory=list)
    ended: bool = False
    _seen: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        """Take what it writes, to its end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._seen:
                self.lines.append(line)
                self._seen.notify_all()
        with self._seen:
            self.ended = True
            self._seen.notify_all()

    @property
    def output(self) -> str:
        """What it has written, so far."""
        return "".join(self.lines)

    def wait_for(self, pattern: str) -> None:
        """Wait until it has written something."""

        def found() -> bool:
            return re.search(pattern, self.output) is not None

        with self._seen:
            self._seen.wait_for(lambda: self.ended or found(), LIMIT)
            assert found(), self.output

    def wait_until_it_listens(self) -> None:
        """Wait until it takes connections."""
        for _ in range(LIMIT * 20):
            assert not self.ended, self.output
            with socket.socket() as link:
                if link.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            with self._seen:
                self._seen.wait_for(lambda: self.ended, 0.05)
        raise AssertionError(self.output)

    def ask(
        self,
        body: Any = None,
        *,
        method: str = "POST",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request; a body that is no text goes as JSON."""
        if body is not None and not isinstance(body, str | bytes):
            body = json.dumps(body)
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        try:
            link.request(method, path, body, dict(headers or {}))
            answer = link.getresponse()
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, named, answer.read().decode())
        finally:
            link.close()


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return what starts a server process; it is gone after the test."""
    servers: list[tuple[Server, threading.Thread]] = []

    def run(
        command: list[str],
        cwd: Path,
        env: Mapping[str, str],
        port: int,
        ready: str | None = None,
    ) -> Server:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        server = Server(process, port)
        reader = threading.Thread(target=server.read)
        reader.start()
        servers.append((server, reader))
        if ready is None:
            server.wait_until_it_listens()
        else:
            server.wait_for(ready)
        return server

    yield run
    for server, reader in servers:
        server.process.terminate()
        try:
            server.process.wait(LIMIT)
        finally:
            server.process.kill()
            reader.join(LIMIT)
            assert server.process.stdout is not None
            server.process.stdout.close()


@pytest.fixture
def serve(start: Start, environ: dict[str, str]) -> Callable[..., Server]:
    """Return what serves a project as its generated Dockerfile says, but for docker."""
    pytest.importorskip("gunicorn")

    def run(placed: Placed, **env: str) -> Server:
        text = (placed.folder / "Dockerfile").read_text(encoding="utf-8")
        command = json.loads(re.findall(r"^CMD (.*)$", text, re.MULTILINE)[0])
        assert re.search(r"^ENV PORT=\d+$", text, re.MULTILINE)
        port = _free_port()
        settings = {**environ, "PORT": str(port), **env}
        return start(command, placed.root, settings, port, "Booting worker")

    return run


@pytest.fixture
def offline(wheels: Path, tmp_path: Path) -> dict[str, str]:
    """Give the settings of a pip that finds the wheels of this repository alone."""
    import zipfile

    links = tmp_path / "links"
    links.mkdir()
    # dotflow-aws asks for it, and the platform has it.
    info = "boto3-9999.dist-info"
    with zipfile.ZipFile(links / "boto3-9999-py3-none-any.whl", "w") as made:
        made.writestr("boto3.py", "")
        made.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: boto3\nVersion: 9999\n"
        )
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        made.writestr(f"{info}/RECORD", "")
    return {
        **os.environ,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": f"{wheels} {links}",
        # pip takes 0 for "without isolation".
        "PIP_NO_BUILD_ISOLATION": "0",
    }


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """Give the folder of what was built already, and the digests of its projects."""
    return tmp_path_factory.mktemp("packages"), set()


Build = Callable[[Placed], subprocess.CompletedProcess[str]]


@pytest.fixture
def build(offline: dict[str, str]) -> Build:
    """Return what runs a generated `build.py` to its end."""

    def run(placed: Placed) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "build.py"],
            cwd=placed.folder,
            env=offline,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )

    return run


@pytest.fixture
def package(build: Build, packages: tuple[Path, set[str]]) -> Callable[[Placed], Path]:
    """Return what runs a generated `build.py`, and gives where it puts things.

    The same project is built once: that takes pip seconds.
    """
    kept, known = packages

    def run(placed: Placed) -> Path:
        made = placed.root / "build" / placed.folder.name
        digest = placed.digest()
        if digest in known:
            return Path(shutil.copytree(kept / digest, made))
        done = build(placed)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copytree(made, kept / digest)
        known.add(digest)
        return made

    return run
