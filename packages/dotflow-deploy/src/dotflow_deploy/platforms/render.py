"""Templates filled in: every placeholder known, every value fit for its place.

A template is the file itself, with marks that none of the formats has:

- `@@name@@` is replaced by a value that needs no quotes anywhere: letters, digits and
  `_ . / : -`. Anything else is refused, unless the value is `Raw`.
- `@@"name"@@` is replaced by a quoted literal of the target's format: of JSON, YAML,
  TOML, HCL, a shell, Python, or a Dockerfile's JSON form.
- The lines between `@@if name@@` (or `@@if not name@@`), an optional `@@else@@` and
  `@@end@@`, each alone on its line, are there if the value is true. They nest.
- `@@include folder/file@@`, alone on its line, stands for the lines of that template.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from dotflow_deploy.errors import DeployError


class Raw(str):
    """A text that fits its place as it is: whoever makes it has quoted what is in it."""

    __slots__ = ()


Value = str | int | bool
Values = Mapping[str, Value]

_MARK = re.compile(r'@@(?:(?P<bare>\w+)|"(?P<quoted>\w+)")@@')
_LINE = re.compile(r"[ \t]*@@(?:if (?P<no>not )?(?P<name>\w+)|(?P<word>else|end))@@")
_INCLUDE = re.compile(r"^@@include (?P<name>[\w./-]+)@@\n", re.MULTILINE)
# No leading dash: it would be an option on a command line, and a list in YAML.
_BARE = re.compile(r"[\w./][\w./:-]*(?<!:)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class TemplateError(DeployError):
    """A template and its values do not fit: a defect of the package, or an odd value."""


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _hcl(value: str) -> str:
    # Both begin an expression, which must not come from a name.
    return _json(value).replace("${", "$${").replace("%{", "%%{")


_QUOTES: Final[Mapping[str, Callable[[str], str]]] = {
    # JSON's strings are strings of YAML's and TOML's double-quoted kind as well.
    ".json": _json,
    ".yaml": _json,
    ".yml": _json,
    ".toml": _json,
    ".tf": _hcl,
    ".hcl": _hcl,
    ".sh": shlex.quote,
    ".md": shlex.quote,
    ".py": repr,
    "Dockerfile": _json,
    "Procfile": shlex.quote,
}


def render(text: str, values: Values, target: str) -> str:
    """Return a template filled in.

    Args:
        text: The template.
        values: What its placeholders stand for.
        target: The file that it becomes: its name tells the format.

    Raises:
        TemplateError: A placeholder is unknown or malformed, or a value does not fit.
    """
    lines = _chosen(text, values, target)
    return "".join(
        _filled(line, values, _Place(target, number)) for number, line in lines
    )


def included(text: str, read: Callable[[str], str]) -> str:
    """Return a template with those that it includes, which include no others.

    Args:
        text: The template.
        read: Returns the template of a name.
    """
    return _INCLUDE.sub(lambda found: read(found["name"]), text)


class _Place(NamedTuple):
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.target}, line {self.line}"


def _chosen(text: str, values: Values, target: str) -> list[tuple[int, str]]:
    """Return the lines whose conditions hold, with their numbers."""
    kept: list[tuple[int, str]] = []
    shown: list[bool] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _LINE.fullmatch(line.rstrip("\r\n"))
        if found is None:
            if all(shown):
                kept.append((number, line))
            continue
        where = _Place(target, number)
        if found["name"]:
            shown.append(
                bool(_value(found["name"], values, where)) != bool(found["no"])
            )
        elif not shown:
            raise TemplateError(f"{where}: @@{found['word']}@@ without an @@if@@")
        elif found["word"] == "else":
            shown[-1] = not shown[-1]
        else:
            shown.pop()
    if shown:
        raise TemplateError(f"{target}: an @@if@@ without its @@end@@")
    return kept


def _filled(line: str, values: Values, where: _Place) -> str:
    parts: list[str] = []
    place = 0
    for found in _MARK.finditer(line):
        parts.append(_literal(line[place : found.start()], where))
        name = found["bare"] or found["quoted"]
        value = _value(name, values, where)
        parts.append(_quoted(value, where) if found["quoted"] else _bare(value, where))
        place = found.end()
    parts.append(_literal(line[place:], where))
    return "".join(parts)


def _literal(text: str, where: _Place) -> str:
    if "@@" in text:
        raise TemplateError(f"{where}: a malformed placeholder in {text.strip()!r}")
    return text


def _value(name: str, values: Values, where: _Place) -> Value:
    if name not in values:
        raise TemplateError(f"{where}: no value for the placeholder {name!r}")
    return values[name]


def _bare(value: Value, where: _Place) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Raw):
        return str(value)
    text = str(value)
    if not _BARE.fullmatch(text):
        raise TemplateError(f"{where}: {text!r} cannot stand there without quotes")
    return text


def _quoted(value: Value, where: _Place) -> str:
    text = str(value)
    if _CONTROL.search(text):
        raise TemplateError(f"{where}: {text!r} has a control character")
    target = PurePosixPath(where.target)
    quote = _QUOTES.get(target.suffix) or _QUOTES.get(target.name)
    if quote is None:
        raise TemplateError(f"{where}: no way to quote a value is known in such a file")
    return quote(text)
