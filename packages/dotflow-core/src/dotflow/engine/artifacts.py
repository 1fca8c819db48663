"""`artifact`: a step leaves something to look at."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dotflow.base.guard import (
    STOPS,
    error_message,
    guarded,
    has,
    is_a,
    short_type_name,
    told,
    type_name,
)
from dotflow.base.masking import HIDDEN, looks_secret, mask, mask_pairs, without_secrets
from dotflow.engine.telling import MOST_NAME, listener, refusal, state_of, tell_of
from dotflow.errors import TellingRefused
from dotflow.model.artifact import KINDS, image_format, stored_value
from dotflow.model.events import TaskArtifact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Literal

    from dotflow.model.task import Attempt

    ArtifactKind = Literal["table", "markdown", "link", "image", "number"]

MOST_BYTES = 1_000_000
MOST_ROWS = 10_000
# Of one attempt.
MOST_ARTIFACTS = 1_000

_LINK = re.compile(r"(https?|s3|gs|ftps?|file)://[^\s<>\"'\\^`{|}]+", re.IGNORECASE)
_SCALARS = (type(None), bool, int, float, str)
# By the module of a table's class: the method that makes rows of it.
_TO_ROWS = {"pandas": "to_dict", "polars": "to_dicts", "pyarrow": "to_pylist"}


def artifact(name: str, value: Any, kind: ArtifactKind | None = None) -> None:
    """Leave something to look at: a table, markdown, a link, an image or a number.

    It is kept with the attempt in the history of the run, where `dotflow show
    --artifacts` and `History.artifacts` find it. Passwords in it are masked. Where
    nobody listens, also outside of a run, it is checked and nothing else.

    Args:
        name: What it is called; one of the same name takes its place.
        value: A list of dictionaries or a DataFrame for a table; a text for markdown, or
            a link where it is an address; the bytes of a PNG, JPEG, GIF or WebP; a
            number.
        kind: `"table"`, `"markdown"`, `"link"`, `"image"` or `"number"`; None for what
            the value is.

    Raises:
        TellingRefused: It is none of these, or too large.
    """
    _Checked(name, value, kind).tell()


class _Checked:
    """An artifact that can be kept.

    Args:
        name, value, kind: As of `artifact`.

    Raises:
        TellingRefused: It cannot.
    """

    def __init__(self, name: Any, value: Any, kind: str | None) -> None:
        self._name = repr(name)[:MOST_NAME] if is_a(name, str) else "without a name"
        if not is_a(name, str) or not name.strip() or len(name) > MOST_NAME:
            raise self._refused(
                f"needs a name: a text of 1 to {MOST_NAME} characters comes first."
            )
        if kind is not None and kind not in KINDS:
            raise self._refused(f"has kind={kind!r}: there are {', '.join(KINDS)}.")
        self.name = str.__str__(name)
        self.kind = kind or self._kind_of(value)
        try:
            self.value = getattr(self, f"_{self.kind}")(value)
        except (*STOPS, TellingRefused):
            raise
        except BaseException as error:  # what its code raises may be anything
            raise self._refused(f"cannot be read: {told(error)}.") from error
        self.size = self._size()
        self._bound("bytes", self.size, MOST_BYTES)

    def tell(self) -> None:
        """Tell it, where somebody listens."""
        attempt = listener(TaskArtifact)
        if attempt is None:
            return
        count = state_of(attempt, _Count)
        count.number += 1
        if count.number > MOST_ARTIFACTS:
            raise self._refused(
                f"is one too many: an attempt leaves {MOST_ARTIFACTS} at most. Put what"
                " belongs together in a table."
            )
        value = stored_value(self.kind, self.value)
        detail = {
            "name": self.name,
            "kind": self.kind,
            "value": value,
            "size": self.size,
        }
        tell_of(attempt, TaskArtifact, detail)

    def _kind_of(self, value: Any) -> str:
        if is_a(value, str):
            return "link" if _LINK.fullmatch(str.strip(value)) else "markdown"
        if is_a(value, (bytes, bytearray, memoryview)):
            return "image"
        if _table_module(value) or (is_a(value, (list, tuple)) and _all_rows(value)):
            return "table"
        if not is_a(value, bool) and (
            has(value, "__index__") or has(value, "__float__")
        ):
            return "number"
        raise self._unfit(value)

    def _table(self, value: Any) -> dict[str, Any]:
        module = _table_module(value)
        if module is None and not (is_a(value, (list, tuple)) and _all_rows(value)):
            raise self._unfit(value)
        self._bound("rows", len(value), MOST_ROWS)
        rows: list[Mapping[Any, Any]] = value
        if module is not None:
            to_rows = getattr(value, _TO_ROWS[module])
            rows = to_rows("records") if module == "pandas" else to_rows()
        columns = list(dict.fromkeys(key for row in rows for key in row))
        names = [_text(column) for column in columns]
        secret = [looks_secret(name) for name in names]
        left, cells = MOST_BYTES, []
        for row in rows:
            line = [
                HIDDEN if hide and column in row else _cell(row.get(column))
                for column, hide in zip(columns, secret, strict=True)
            ]
            # Before the whole is in memory a second time.
            left -= sum(len(cell) if type(cell) is str else 1 for cell in line)
            if left < 0:
                self._bound("bytes", MOST_BYTES - left, MOST_BYTES)
            cells.append(line)
        return {"columns": names, "rows": cells}

    def _markdown(self, value: Any) -> str:
        if not is_a(value, str):
            raise self._unfit(value)
        self._bound("bytes", len(value), MOST_BYTES)
        return _masked(str.__str__(value))

    def _link(self, value: Any) -> str:
        text = str.strip(value) if is_a(value, str) else ""
        self._bound("bytes", len(text), MOST_BYTES)
        if not _LINK.fullmatch(text):
            raise self._refused(
                "is no link: one begins with http://, https://, s3://, gs://, ftp:// or"
                " file:// and has no spaces."
            )
        return _masked(text)

    def _image(self, value: Any) -> bytes:
        if not is_a(value, (bytes, bytearray, memoryview)):
            raise self._unfit(value)
        size = value.nbytes if is_a(value, memoryview) else len(value)
        self._bound("bytes", size, MOST_BYTES)
        data = bytes(value)
        if image_format(data) is None:
            raise self._refused(
                "is no image: give the bytes of a PNG, JPEG, GIF or WebP."
            )
        return data

    def _number(self, value: Any) -> int | float:
        if is_a(value, (bool, str, bytes, bytearray)):
            raise self._unfit(value)
        number = int(value) if has(value, "__index__") else float(value)
        str(number)  # which of a very long one raises
        return number

    def _size(self) -> int:
        if self.kind == "image":
            return len(self.value)
        if self.kind == "number":
            return len(str(self.value))
        if self.kind == "table":
            return len(json.dumps(self.value))
        return len(self.value.encode("utf-8", "backslashreplace"))

    def _bound(self, what: str, found: int, most: int) -> None:
        if found > most:
            raise self._refused(
                f"has {found:,} {what}, and the most is {most:,}. Keep what is larger in"
                " a storage of your own, and leave a link to it."
            )

    def _unfit(self, value: Any) -> TellingRefused:
        given = getattr(self, "kind", None)
        return self._refused(
            f"of type {short_type_name(value)} is no {given or 'artifact'}: a table is"
            " a list of dictionaries or a DataFrame, markdown and a link are texts, an"
            " image is bytes, and a number is an int or a float."
        )

    def _refused(self, why: str) -> TellingRefused:
        return refusal(f"The artifact {self._name}", why)


class _Count:
    """How many artifacts an attempt has left."""

    def __init__(self, _attempt: Attempt) -> None:
        self.number = 0


def _table_module(value: Any) -> str | None:
    """Return the module of a table's class, which need not be imported for that."""
    module = type_name(value).partition(".")[0]
    method = _TO_ROWS.get(module)
    rows = method is not None and has(value, method) and has(value, "__len__")
    return (
        module if rows and type_name(value).endswith(("DataFrame", "Table")) else None
    )


def _all_rows(rows: Iterable[Any]) -> bool:
    return all(is_a(row, dict) for row in rows)


def _cell(value: Any) -> Any:
    """Return what JSON holds of a value of a table."""
    kind = type(value)
    if kind is str:
        return _masked(value)
    if kind in _SCALARS:
        return value if kind is not float or value - value == 0 else str(value)
    if has(value, "item") and type_name(value).startswith("numpy."):
        scalar = guarded(value.item, None)
        return _cell(scalar) if type(scalar) in _SCALARS else _text(value)
    return without_secrets(mask_pairs(_text(value)))


def _masked(text: str) -> str:
    if "://" in text or "=" in text:  # where `mask` finds anything
        text = mask(text)
    return without_secrets(text)


def _text(value: Any) -> str:
    """Return a value as a text, whatever its code does."""
    try:
        return str.__str__(str(value))
    except STOPS:
        raise
    except BaseException as error:  # noqa: BLE001 - code of a value may raise anything
        return f"({type_name(value)}: {error_message(error)})"
