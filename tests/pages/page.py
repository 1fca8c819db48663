"""Run the code blocks of one page as its reader would: in order, in one folder.

`python page.py PAGE` runs in an empty folder; with `--write` it puts what commands print now
into the page, which is for a look before a commit. It is one process for the whole page, since
a page has up to a dozen blocks, and there are dozens of pages.

- `python`: a program of its own, unless it is a file, which commands run. Comment lines
  right under a call are what it prints.
- `console`: commands. With a `$ ` before each, what follows is what they print; the exit
  code is 0 unless `$ echo $?` is next. What would reach another machine is only parsed.
- `text` right after either: the whole output, or the error that ended it.
- `toml`, and any block under a line that ends in its file's name and a colon: written
  there. Files with settings are read, and so are variables in `sh`.
- A line `<!-- not run: WHY -->` above a block says why it is only looked at.

Times, durations and ids are compared as what they are, not by their digits.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./-]+\.\w+)`:$")
PRINTED = re.compile(
    r"^[ ]*(?:[\w.]+\(|\w+ = |\)|\]\)|await ).*\n((?:[ ]*# .*\n)+)", re.MULTILINE
)
# What stands for itself, whatever its digits.
LOOSE = (
    (
        re.compile(
            r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.,]\d+)?(\+00:00|Z| [A-Z]{3,4}\b)?"
        ),
        "TIME",
    ),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d+(\.\d+)? m?s\b"), "SECONDS"),
    (re.compile(r"\b(json|pickle)\s+\d+$"), r"\1 BYTES"),
    (re.compile(r"-{3,}"), "-"),
    (re.compile(r"\s*[█░]+"), " BAR"),
    (re.compile(r'File "[^"]*"'), "File"),
    (re.compile(r"^where +\S+@\S+ pid \d+ .*$"), "where"),
    (re.compile(r"^name +\S+$"), "name"),  # by default it is this machine's
    (re.compile(r"\s+"), " "),
)
MARKS = re.compile(r"\s+[\^~]+\s*")
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n", re.MULTILINE)
SETTING = re.compile(r"[A-Z_]+=.*", re.DOTALL)
# Their commands would reach other machines, or wait for ever.
FAR = {"deploy", "destroy", "status", "login", "logout", "schedule"}
# Programs that a page may tell of without a run here.
FOREIGN = {
    *("docker", "kubectl", "hatch", "git", "uv", "aws", "gcloud", "argo", "systemctl"),
    *("brew", "apt-get", "jupyter", "eval", "_DOTFLOW_COMPLETE=fish_source", "crontab"),
    *("journalctl", "redis-cli", "psql", "pg_dump", "sudo", "ssh", "tar"),
}


@dataclass
class Block:
    """A block of code: its language, text, file, and why it is not run."""

    language: str
    text: str
    file: str = ""
    why_not: str = ""
    close: bool = False  # nothing but a word or two since the block before


def blocks_of(markdown: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    found, end = [], 0
    for match in FENCE.finditer(markdown):
        between = markdown[end : match.start()].strip()
        line = between.rpartition("\n")[2]
        file = FILE.search(line)
        why = re.fullmatch(r"<!-- not run: (.+) -->", line)
        found.append(
            Block(
                match[1],
                match[2],
                file[1] if file else "",
                why[1] if why else "",
                bool(end) and len(between) < 30 and not between.startswith("#"),
            )
        )
        end = match.end()
    return found


def same(line: str) -> str:
    """Return a line without what differs from run to run."""
    for pattern, word in LOOSE:
        line = pattern.sub(word, line)
    return line.strip()


def fits(expected: str, printed: str) -> bool:
    """Tell whether an output is the expected one; a line `…` stands for any lines."""
    words = [re.escape(same(line)) for line in without_marks(expected)]
    text = "\n".join(same(line) for line in without_marks(printed))
    pattern = "\n".join(".*" if word == "…" else word for word in words)
    return re.fullmatch(pattern.replace("…", ".*"), text, re.DOTALL) is not None


def without_marks(text: str) -> list[str]:
    """Return the lines of a text, but for those that underline code in a traceback."""
    return [line for line in text.strip().splitlines() if not MARKS.fullmatch(line)]


@contextmanager
def captured(both: bool) -> Iterator[list[str]]:
    """Catch what this process and its children print; both streams or the first."""
    said: list[str] = []
    streams = [(1, sys.stdout), (2, sys.stderr)] if both else [(1, sys.stdout)]
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number, _ in streams]
        for number, stream in streams:
            stream.flush()
            os.dup2(file.fileno(), number)
        try:
            yield said
        finally:
            for (number, stream), old in zip(streams, kept, strict=True):
                stream.flush()
                os.dup2(old, number)
                os.close(old)
            file.seek(0)
            said.append(file.read().decode("utf-8", "replace"))


class Page:
    """The reader of one page, in the current folder."""

    def __init__(self, path: Path, write: bool = False) -> None:
        self.text = path.read_text("utf-8")
        self.blocks = blocks_of(self.text)
        self.write = write
        self.code = 0
        self.printed = ""
        self.count = 0

    def run(self) -> None:
        """Run every block, or say which one went wrong."""
        for block in self.blocks:
            try:
                self.read(block)
            except BaseException:
                print(f"--- this block:\n{block.text}", file=sys.stderr)
                print(f"--- printed:\n{self.printed}", file=sys.stderr)
                raise

    def read(self, block: Block) -> None:
        """Do what a reader does with a block."""
        head = re.match(r"# ([\w.]+\.toml)", block.text)
        if block.language == "toml" and head and not block.file:
            block.file = head[1]
        if block.file:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        if block.language == "console":
            self.console(block)
        elif block.why_not or block.file.endswith(".py"):  # commands run a file
            if block.language == "python":
                compile(block.text, block.file or "block", "exec")
        elif block.language == "python":
            self.python(block)
        elif block.language == "text" and block.close and not block.file:
            now = self.checked(block.text, "the block above")
            self.text = self.text.replace(block.text, now, 1)
        elif block.language == "toml":
            self.settings(block)
        elif block.language == "sh":
            for line in block.text.splitlines():
                name, _, value = line.partition("=")
                os.environ[name.removeprefix("export ")] = value

    def python(self, block: Block) -> None:
        """Run a program, which prints what its comments say."""
        self.count += 1
        script = Path(block.file or f"example_{self.count}.py")
        script.write_text(block.text, encoding="utf-8")
        with captured(both=False) as said:
            error = run_script(script, [])
        self.printed = said[0]
        if error is not None:
            is_last = block is self.blocks[-1]
            after = None if is_last else self.blocks[self.blocks.index(block) + 1]
            if after is None or after.language != "text" or not after.close:
                raise error
            self.printed = "".join(traceback.format_exception_only(error))
            return
        lines = [same(line) for line in self.printed.splitlines()]
        for comments in PRINTED.findall(block.text):
            for comment in comments.splitlines():
                line = same(comment.strip().removeprefix("# "))
                pattern = re.escape(line).replace("…", ".*")
                assert any(re.fullmatch(pattern, at) for at in lines), comment

    def settings(self, block: Block) -> None:
        """Read a file with settings as a program would."""
        if block.file in ("dotflow.toml", "pyproject.toml"):
            from dotflow import Config

            Config.from_file()

    def console(self, block: Block) -> None:
        """Run commands, and compare what they print where the page says it."""
        if not block.text.startswith("$ "):
            for line in block.text.replace("\\\n", " ").splitlines():
                self.command(line, block)
                assert self.code == 0, f"{line}: exit code {self.code}"
            return
        parts = COMMAND.split(block.text)[1:]
        for place in range(0, len(parts), 2):
            ran = self.command(parts[place].replace("\\\n", " "), block)
            following = parts[place + 2] if place + 2 < len(parts) else ""
            assert not ran or self.code == 0 or "echo $?" in following, parts[place]
            if ran and parts[place + 1].strip():
                parts[place + 1] = self.checked(parts[place + 1], parts[place])
        now = "".join(
            f"$ {c}\n{o}" for c, o in zip(parts[::2], parts[1::2], strict=True)
        )
        self.text = self.text.replace(block.text, now, 1)

    def checked(self, expected: str, what: str) -> str:
        """Return what the page is to say: what it says, if that is what was printed."""
        if fits(expected, self.printed):
            return expected
        assert self.write, f"{what}: the output is another"
        text = self.printed.rstrip().replace(str(Path.cwd()), "/home/ada/shop")
        return re.sub(r"\S+@\S+ pid \d+", "ada@laptop pid 4711", text) + "\n"

    def command(self, line: str, block: Block) -> bool:
        """Run a command, if it can be run here, and tell whether it was."""
        if line.strip() == "echo $?":
            self.printed, self.code = f"{self.code}\n", 0
            return True
        words = shlex.split(line, comments=True)
        if words[:1] == ["export"]:
            del words[0]
        if words and all(map(SETTING.fullmatch, words)):
            os.environ.update(word.split("=", 1) for word in words)
            return False
        if not words or "pip" in words[:3]:  # looked at by a test of its own
            return False
        if words[0] == "cd":
            os.chdir(words[1])
            return False
        alone = not set("|>&") & set(line)
        if words[0] == "dotflow" and alone:
            return self.own(words[1:], block)
        if block.why_not or words[0] in FOREIGN:
            return False
        if words[0] == "python" and alone and words[1][0] != "-":
            with captured(both=True) as said:
                error = run_script(Path(words[1]), words[2:])
            if error is not None and not isinstance(error, SystemExit):
                raise error
            self.printed, self.code = said[0], int(error is not None)
            return True
        ran = subprocess.run(line, shell=True, capture_output=True, text=True)
        self.code, self.printed = ran.returncode, ran.stdout + ran.stderr
        return True

    def own(self, words: list[str], block: Block) -> bool:
        """Run a command of dotflow, or only look at it where it would reach far."""
        if block.why_not or (words[0] in FAR and "--dry-run" not in words):
            parse(words)
            return False
        with captured(both=True) as said:
            self.code = run_dotflow(words)
        self.printed = said[0]
        return True


def run_script(path: Path, words: list[str]) -> BaseException | None:
    """Run a file as the main program, and return what it raised."""
    forget()
    before, arguments = sys.modules["__main__"], sys.argv
    main = ModuleType("__main__")
    main.__file__ = str(path.resolve())
    main.__builtins__ = __builtins__
    sys.modules["__main__"] = main
    sys.argv = [str(path), *words]
    try:
        code = compile(path.read_text("utf-8"), main.__file__, "exec")
        exec(code, main.__dict__)
    except SystemExit as error:
        return error if error.code else None
    except BaseException as error:
        return error
    finally:
        sys.modules["__main__"], sys.argv = before, arguments
    return None


def run_dotflow(words: list[str]) -> int:
    """Run the command `dotflow` in this process, and return its exit code."""
    from dotflow_cli.main import main

    forget()
    path, arguments = list(sys.path), sys.argv
    sys.argv = ["dotflow", *words]
    try:
        main()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(bool(error.code))
    finally:
        sys.path[:], sys.argv = path, arguments
    return 0


def parse(words: list[str]) -> None:
    """Check a command's name, options and values, and run nothing."""
    import click

    from dotflow_cli.main import cli

    command: click.Command = cli
    context = click.Context(cli, info_name="dotflow")
    while isinstance(command, click.Group) and words[:1] > ["-~"]:  # no option
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    command.parse_args(context, list(words))


def forget() -> None:
    """Let go of the modules that earlier blocks have made."""
    here = str(Path.cwd())
    for name, module in list(sys.modules.items()):
        if name != "__main__" and str(getattr(module, "__file__", "")).startswith(here):
            del sys.modules[name]


if __name__ == "__main__":
    sys.path[0] = str(Path.cwd())
    sys.stdout.reconfigure(line_buffering=True)  # as on a terminal
    os.environ["PYTHONUNBUFFERED"] = "1"
    page = Page(Path(sys.argv[1]), write="--write" in sys.argv)
    page.run()
    if page.write:
        Path(sys.argv[1]).write_text(page.text, encoding="utf-8")
