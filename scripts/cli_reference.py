"""Write `docs/cli.md` from the commands themselves: `hatch run cli-reference`.

With `--check` nothing is written, and the exit code is 1 if the file is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dotflow.__about__ import __version__
from dotflow_cli.main import cli

TARGET = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
HEAD = """# The command line

`pip install "dotflow>=VERSION"` brings the command `dotflow`; `cloud`, `deploy`,
`destroy` and `status` come with `pip install "dotflow[deploy]>=VERSION"`. This page is
made from the commands themselves; `dotflow COMMAND --help` tells the same. Where `PATH`
does not have it, `python -m dotflow` is the same command.

## Exit codes

| code | means |
|---|---|
| 0 | it worked; every task completed |
| its own | a step called `sys.exit`: the number it gave, in every mode; 1 for 0 or a text |
| 1 | a task failed or was cancelled, your code raised, or what was asked for is not there |
| 2 | wrong usage: an option, a name, a workflow that is none |
| 3 | `start --task`: the task failed, and another attempt cannot help |
| 130 | interrupted by Ctrl-C (143: by SIGTERM) |
| 141 | nobody reads its output any more: the pipe was closed |

The first Ctrl-C, or SIGTERM, starts nothing more and gives what runs 4 seconds to end, in
every mode: what ends is kept, for `--resume`. Then it is interrupted, and at a second
signal at once. The tasks that ran are recorded as `Cancelled` either way.

## What goes where

What tasks print goes to standard output as it is. Progress, summaries and messages go
to standard error; `--json` prints to standard output, and then nothing else does. On a
terminal there are colours, unless `NO_COLOR` is set, and tasks are shown live while they
run; elsewhere there are plain lines.

## Completion in the shell

```console
eval "$(_DOTFLOW_COMPLETE=bash_source dotflow)"       # in ~/.bashrc
eval "$(_DOTFLOW_COMPLETE=zsh_source dotflow)"        # in ~/.zshrc
_DOTFLOW_COMPLETE=fish_source dotflow | source        # in ~/.config/fish/config.fish
```
"""


def reference() -> str:
    """Return the whole page."""
    context = click.Context(cli, info_name="dotflow")
    parts = [HEAD.replace("VERSION", __version__)]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        parts += _sections(command, f"dotflow {name}")
    return "\n".join(parts)


def _sections(command: click.Command, path: str) -> list[str]:
    parts = [f"## {path}\n", _usage(command, path), _text(command.help or "")]
    rows = [
        f"| {_names(option)} | {_help(option)} |"
        for option in command.params
        if isinstance(option, click.Option)
    ]
    if rows:
        parts.append("\n".join(["| option | |", "|---|---|", *rows, ""]))
    if isinstance(command, click.Group):
        for name, child in sorted(command.commands.items()):
            parts += _sections(child, f"{path} {name}")
    return parts


def _usage(command: click.Command, path: str) -> str:
    words = [path, "[OPTIONS]"]
    for param in command.params:
        if isinstance(param, click.Argument):
            name = (param.name or "").upper()
            words.append(name if param.required else f"[{name}]")
    if isinstance(command, click.Group):
        words.append("COMMAND")
    return f"```console\n{' '.join(words)}\n```\n"


def _text(text: str) -> str:
    parts = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            lines = [line[2:] for line in paragraph.split("\n")[2:]]
            parts.append("\n".join(["```console", *lines, "```"]))
        else:
            parts.append(paragraph)
    return "\n\n".join(parts) + "\n"


def _names(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    if isinstance(option.type, click.Choice):
        value = "\\|".join(map(str, option.type.choices))
    else:
        value = option.metavar or option.type.name.upper()
        value = value.replace("|", "\\|")
    return f"{names} {value}"


def _help(option: click.Option) -> str:
    text = option.help or ""
    if option.show_default and isinstance(option.default, (str, int)):
        text += f" Default: `{option.default}`."
    if option.envvar:
        text += f" Environment: `{option.envvar}`."
    return text.replace("  [", " [").replace("|", "\\|")


def main() -> None:
    """Write the page, or check it."""
    text = reference()
    if "--check" in sys.argv[1:]:
        if not TARGET.is_file() or TARGET.read_text("utf-8") != text:
            raise SystemExit(f"{TARGET} is out of date: run scripts/cli_reference.py")
        return
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
