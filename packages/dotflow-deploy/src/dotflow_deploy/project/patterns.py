"""Patterns of a `.dockerignore`, by Docker's rules; and those of git in its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


class DockerPatterns:
    """What a `.dockerignore` leaves out: the last pattern that fits decides.

    A pattern begins at the top of the project, with a slash or without, and fits what is
    in a folder that it fits. `**` stands for any number of folders.

    Args:
        lines: Its lines.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._rules: list[tuple[bool, re.Pattern[str]]] = []
        for line in lines:
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            taken_in = text.startswith("!")
            parts = text.removeprefix("!").strip().split("/")
            clean = "/".join(part for part in parts if part not in ("", "."))
            if clean:
                self._rules.append((taken_in, re.compile(_expression(clean))))

    def leaves_out(self, path: str) -> bool:
        """Tell whether a file is left out.

        Args:
            path: Its path in the project, with `/`.
        """
        parts = path.split("/")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        for taken_in, rule in reversed(self._rules):
            if any(rule.fullmatch(one) for one in above):
                return not taken_in
        return False


def _expression(pattern: str) -> str:
    found, place = "", 0
    while place < len(pattern):
        if pattern.startswith("**/", place):
            found, place = found + "(?:.*/)?", place + 3
        elif pattern.startswith("**", place):
            found, place = found + ".*", place + 2
        elif pattern[place] == "*":
            found, place = found + "[^/]*", place + 1
        elif pattern[place] == "?":
            found, place = found + "[^/]", place + 1
        elif pattern[place] == "[" and (end := pattern.find("]", place + 2)) > 0:
            inner = pattern[place + 1 : end].replace("\\", "\\\\")
            negated = "^" if inner[0] in "^!" else ""
            found += f"[{negated}{inner[len(negated) :]}]"
            place = end + 1
        elif pattern[place] == "\\" and place + 1 < len(pattern):
            found, place = found + re.escape(pattern[place + 1]), place + 2
        else:
            found, place = found + re.escape(pattern[place]), place + 1
    return found


def as_docker(lines: Iterable[str], folder: str) -> Iterator[str]:
    """Give lines of a `.gitignore` as those of a `.dockerignore` at the project's top.

    Args:
        lines: The lines.
        folder: Where the `.gitignore` is, from the project: `""` for its top, `"conf"`
            for a folder in it, `"../.."` for one above it, followed by how the project
            is called from there: `"../..:apps/shop"`.
    """
    above, _, here = folder.partition(":")
    for line in lines:
        text = line.rstrip("\n")
        if not text.endswith("\\ "):
            text = text.rstrip()
        if not text or text.startswith("#"):
            continue
        sign = "!" if text.startswith("!") else ""
        text = text.removeprefix("!").removeprefix("\\")
        whole = text.endswith("/")
        text = text.rstrip("/")
        anchored = "/" in text
        text = text.removeprefix("/")
        if here:
            found = _from_above(text, here) if anchored else f"**/{text}"
            if found is None:
                continue
            text = found
        elif not anchored:
            text = f"{above}/**/{text}" if above else f"**/{text}"
        elif above:
            text = f"{above}/{text}"
        # Of folders alone: a file of that name stays.
        yield f"{sign}{text}/**" if whole else f"{sign}{text}"


def _from_above(text: str, here: str) -> str | None:
    """Return what a pattern of a folder above means in the project, None for nothing."""
    if text.startswith("**/"):
        return text
    mine, theirs = here.split("/"), text.split("/")
    for place, part in enumerate(mine):
        if place >= len(theirs) or not re.fullmatch(_expression(theirs[place]), part):
            return None
    rest = theirs[len(mine) :]
    return "/".join(rest) if rest else None
