"""Every code block of the READMEs and of docs/ does what the page says it does."""

from __future__ import annotations

import builtins
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import ClassVar

import pytest

import dotflow
import dotflow.abc.notify
from dotflow import Config, abc, providers, testing
from dotflow.config.sources.environment import FAMILY_OF, LOG_OF
from dotflow.config.sources.wanted import FAMILIES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PROGRAM = ROOT / "tests/pages/page.py"
blocks_of = runpy.run_path(str(PROGRAM))["blocks_of"]
# Made from something that has tests of its own, or without code.
LEFT_OUT = {DOCS / "cli.md", DOCS / "custom-providers.md"}
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *sorted(ROOT.glob("packages/*/README.md")),
    *sorted(
        set(ROOT.glob("examples/*/README.md")) - {ROOT / "examples/flights/README.md"}
    ),
    *sorted(set(DOCS.glob("**/*.md")) - LEFT_OUT - set(DOCS.glob("adr/*"))),
]
NEEDS = re.compile(r"^<!-- needs: ([\w, ]+) -->$", re.MULTILINE)
NAMES = ROOT / "packages/dotflow-core/tests/compat/names.toml"
# What the variables of the pages hold here.
VALUES = {
    "DATABASE_URL": "postgresql://me:hush-hush@127.0.0.1:1/db",
    "DOTFLOW_TOKEN": "hush-hush",
    "TELEGRAM_TOKEN": "123456:hush-hush",
    "DISCORD_WEBHOOK": "https://discord.com/api/webhooks/1/hush-hush",
    "NO_COLOR": "1",
    "COLUMNS": "100",
}


@contextmanager
def redis(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server, and say where it is."""
    if shutil.which("redis-server") is None:
        pytest.skip("no Redis server: apt-get install redis-server")
    server = support("redis", "conftest.py")["Server"](folder)
    try:
        yield {"REDIS_URL": server.url}
    finally:
        server.kill()


@contextmanager
def postgres(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server, and say where it is."""
    found = support("postgres", "conftest.py")
    programs = found["programs"]()
    if programs is None:
        pytest.skip("no PostgreSQL server: apt-get install postgresql")
    # Not pytest's folder: the server's user may not enter it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        server = found["Server"](Path(name), programs)
        try:
            yield {"DATABASE_URL": server.dsn}
        finally:
            server.stop()


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server, and say where it is."""
    pytest.importorskip("moto")
    keys = {"AWS_ACCESS_KEY_ID": "me", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
    region = {"AWS_DEFAULT_REGION": "eu-west-1"}
    with served(ROOT / "packages/dotflow-aws/tests/s3_server.py") as url:
        yield {"AWS_ENDPOINT_URL": url, **keys, **region}


@contextmanager
def gcs(folder: Path) -> Iterator[dict[str, str]]:
    """Run a server, and say where it is."""
    pytest.importorskip("google.cloud.storage")
    with served(ROOT / "packages/dotflow-gcp/tests/gcs_server.py") as url:
        yield {"STORAGE_EMULATOR_HOST": url}


@contextmanager
def served(program: Path) -> Iterator[str]:
    """Run a program that prints its port and ends with its standard input."""
    with subprocess.Popen(
        [sys.executable, program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.stdin.close()


def support(package: str, name: str) -> dict[str, object]:
    """Return what a package's tests have for its server."""
    return runpy.run_path(str(ROOT / f"packages/dotflow-{package}/tests/{name}"))


SERVERS = {"redis": redis, "postgres": postgres, "s3": s3, "gcs": gcs}


# Ray takes longer than all others together, and its package has tests of its own.
LONG = {ROOT / "packages/dotflow-ray/README.md"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.soak] * (p in LONG)) for p in PAGES],
    ids=[path.relative_to(ROOT).as_posix() for path in PAGES],
)
def test_every_block_of_a_page_works(
    path: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Programs and commands run as they stand, and print what the page says."""
    text = path.read_text("utf-8")
    for name in re.findall(r"[\w]+", (NEEDS.findall(text) or [""])[0]):
        if name not in SERVERS:
            pytest.importorskip(name)
    pytest.importorskip("dotflow_cli")
    if sys.platform == "win32" and "\n$ " in text:
        pytest.skip("the page has commands of a POSIX shell")
    wanted = [n for n in SERVERS if n in (NEEDS.findall(text) or [""])[0].split(", ")]
    home = tmp_path / "home"
    work = tmp_path / "work"
    home.mkdir()
    if path.is_relative_to(ROOT / "examples"):
        shutil.copytree(path.parent, work)
    else:
        work.mkdir()
    environ = {
        **{k: v for k, v in os.environ.items() if k in ("SYSTEMROOT", "TMPDIR")},
        **VALUES,
        "HOME": str(home),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(work),
        "PYTHONUTF8": "1",
    }
    if wanted:
        with SERVERS[wanted[0]](tmp_path_factory.mktemp("server")) as more:
            ran = _read(path, work, {**environ, **more})
    else:
        ran = _read(path, work, environ)
    assert ran.returncode == 0, ran.stderr[-6000:]


def _read(
    path: Path, work: Path, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # DOTFLOW_WRITE_PAGES=1 puts what is printed now into the pages.
        [
            sys.executable,
            PROGRAM,
            path,
            *["--write"][: "DOTFLOW_WRITE_PAGES" in os.environ],
        ],
        cwd=work,
        env=environ,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,  # of a machine that is busy with others
    )


def test_pages_say_what_can_be_installed() -> None:
    """Each `pip install` names distributions and extras of ours that there are."""
    project = tomllib.loads((ROOT / "packages/dotflow/pyproject.toml").read_text())
    extras = set(project["project"]["optional-dependencies"])
    ours = {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}
    version = runpy.run_path(str(ROOT / "VERSION.py"))["__version__"]
    for path in PAGES:
        for block in blocks_of(path.read_text("utf-8")):
            for line in re.findall(r"pip install (.*)", block.text):
                for name, more, rest in re.findall(
                    r"(?<![\w./-])(dotflow[\w-]*)(?:\[([\w,-]+)\])?([^\s\"']*)",
                    line.partition("#")[0],
                ):
                    assert name in ours, (path, line)
                    assert set(filter(None, more.split(","))) <= extras, (path, line)
                    if name == "dotflow":  # without it pip takes 1.x
                        assert rest == f">={version}", (path, line)


class Names(dict[str, object]):
    """What a block of a docstring may mention without importing it."""

    PLACES = (providers, testing, abc.notify, dotflow, builtins)
    OTHERS: ClassVar[dict[str, object]] = {"os": os, "token": "123:x", "chat": 42}

    def __missing__(self, name: str) -> object:
        for place in self.PLACES:
            if hasattr(place, name):
                return getattr(place, name)
        return self.OTHERS[name]


def test_blocks_of_docstrings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examples in docstrings run with what their module's readers have at hand."""
    for package in ("discord", "telegram"):
        pytest.importorskip(f"dotflow_{package}")
    monkeypatch.setenv("DISCORD_WEBHOOK", "https://discord.com/api/webhooks/1/example")
    monkeypatch.setenv("TELEGRAM_TOKEN", "123:example")
    count = 0
    for path in ROOT.glob("packages/*/src/**/*.py"):
        if "```python" not in (text := path.read_text("utf-8")):
            continue
        for block in re.findall(
            r"^ +```python\n(.*?)^ +```$", text, re.MULTILINE | re.DOTALL
        ):
            flags = annotations.compiler_flag
            code = compile(dedent(block), str(path), "exec", flags)
            exec(code, {}, Names())
            count += 1
    assert count >= 12


# The pages on configuration and on dotflow 1.x promise to be complete.

CONFIGURATION = (DOCS / "configuration.md").read_text("utf-8")
MIGRATING = (DOCS / "migrating-from-dotflow-1.md").read_text("utf-8")


def test_every_setting_is_there() -> None:
    """The page on configuration names every key and every variable."""
    for word in (*FAMILIES, *FAMILY_OF, *LOG_OF):
        assert f"`{word}`" in CONFIGURATION


# What each TOML snippet asks for, in the order of the page.
MADE = [
    {"storage": "StorageSQLite", "log": "LogDefault"},
    {"storage": "StorageFile", "log": "LogDefault"},
    {"storage": "StoragePostgres"},
    {"server": "ServerDefault"},
    {"notify": "NotifyTelegram"},
    {"notify": "CompositeNotify"},
    {"scheduler": "SchedulerCron"},
]
SNIPPETS = [b for b in blocks_of(CONFIGURATION) if b.language in ("toml", "sh")]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder and an environment of the test's own."""
    for name in list(os.environ):
        if name.startswith("DOTFLOW_"):
            monkeypatch.delenv(name)
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_make_what_they_name(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file, or variables, of the page on configuration make the providers they name."""
    for package in ("discord", "postgres", "scheduler", "telegram"):
        pytest.importorskip(f"dotflow_{package}")
    made = []
    for block in SNIPPETS:
        for old in place.glob("*.toml"):
            old.unlink()
        if block.language == "toml":
            name = block.text.partition("\n")[0].removeprefix("# ").partition(":")[0]
            (place / name).write_text(block.text, encoding="utf-8")
            config = Config.from_file()
            made.append({n: type(value).__name__ for n, value in vars(config).items()})
        else:
            (place / "token.txt").write_text("hush-hush\n", encoding="utf-8")
            with monkeypatch.context() as patched:
                for line in block.text.splitlines():
                    patched.setenv(*line.split("=", 1))
                config = Config.from_env()
            if "StorageFile" in block.text:
                assert set(vars(config)) == {"storage", "server"}
                assert config.server.active
            else:
                assert "level='ERROR'" in repr(config.log)
                assert "format='json'" in repr(config.log)
        assert not any("hush-hush" in repr(value) for value in vars(config).values())
    assert made == MADE


def test_refused_secret(place: Path) -> None:
    """The error that the page on configuration shows is the one that is raised."""
    pytest.importorskip("dotflow_telegram")
    (place / "dotflow.toml").write_text('[notify.NotifyTelegram]\ntoken = "x"\n')
    quoted = re.search(
        r"^```\nConfigError: /srv/etl/(.*?)^```",
        CONFIGURATION,
        re.MULTILINE | re.DOTALL,
    )
    assert quoted
    with pytest.raises(ValueError, match="secret") as caught:
        Config.from_file()
    expected = " ".join(quoted[1].split()).partition("dotflow.toml")[2]
    assert str(caught.value).partition("dotflow.toml")[2] == expected


def test_the_first_line_says_how_to_upgrade() -> None:
    """Whoever opens the guide for users of dotflow 1.x sees the line before all else."""
    first = MIGRATING.split("\n")[0]
    assert first.startswith("`pip install --upgrade")
    assert "`dotflow doctor`" in first


def test_every_module_of_1x_is_in_the_table() -> None:
    """The guide's table of paths names each module of 1.x, or the package it is in."""
    table = tomllib.loads(NAMES.read_text("utf-8"))
    for path in (*table["doors"], *table["gone"]):
        parts = path.split(".")
        ways = [".".join(parts[:n]) for n in range(3, len(parts) + 1)]
        ways += [f".{parts[-1]}", path if len(parts) == 2 else "none"]
        assert any(f"`{way}" in MIGRATING for way in ways), path


# The site.


def test_the_navigation_has_every_page() -> None:
    """A page that is written can be found."""
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:")[2]
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("**/*.md")}
    named = set(re.findall(r"[\w./-]+\.md", navigation))
    assert {page for page in pages if not page.startswith("adr/")} <= named


@pytest.mark.parametrize("path", sorted(DOCS.glob("**/*.md")), ids=lambda p: p.stem)
def test_no_page_is_a_stub(path: Path) -> None:
    """Each page says what it is for, and has more than a few sentences."""
    text = path.read_text("utf-8")
    assert text.count("\n# ") + text.startswith("# ") >= 1
    assert len(text.split()) >= 100, path


def test_thirty_questions_lead_to_pages() -> None:
    """Each question is answered, with a link to where more of it stands."""
    text = (DOCS / "questions.md").read_text("utf-8")
    answers = re.findall(
        r"^### [^\n]+\?\n\n(.+?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL
    )
    assert len(answers) >= 30
    assert all("](" in answer for answer in answers)
