"""What was probably meant by a word that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable

from dotflow.errors import ConfigError


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant.

    Args:
        word: What was written.
        known: What could have been.
    """
    from difflib import get_close_matches

    by_small = {name.lower(): name for name in known}
    small = word.lower()
    found = get_close_matches(small, by_small, n=1)
    if not found and len(small) > 2:  # as `prev` for `previous_context`
        found = [name for name in by_small if name.startswith(small)]
    return by_small[found[0]] if found else None


def hint(word: str, known: Iterable[str]) -> str:
    """Return the sentence that names the known word that was probably meant.

    It begins with a space, for the end of a message; it is empty where none is close.
    """
    close = closest(word, known)
    return f" Did you mean {close!r}?" if close else ""


def unknown(where: str, what: str, word: str, known: Iterable[str]) -> ConfigError:
    """Return the error for an unknown word.

    Args:
        where: Its place.
        what: What it is, such as `"key"`.
        word: The word.
        known: What could have been.
    """
    names = sorted(known)
    return ConfigError(
        f"{where}: there is no {what} {word!r}.{hint(word, names)}"
        f" There are: {', '.join(names) or 'none'}."
    )
