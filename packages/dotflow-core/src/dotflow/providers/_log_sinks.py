"""Where the lines of `LogDefault` go. It imports `logging`, so it is loaded late."""

from __future__ import annotations

import logging
import os
import sys
import time
from contextlib import nullcontext
from functools import cache, partial
from weakref import WeakValueDictionary

from dotflow.abc.log import LEVELS, line
from dotflow.base.guard import called
from dotflow.base.private import create, make_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_NAME = "dotflow"
# Lines in one call to the system, at most: about 15 kB.
_TOGETHER = 100
_now = time.time
_NullHandler = logging.NullHandler


class Sinks:
    """The console and the file of one log.

    No handler is ever attached to a logger: two logs cannot double each other's lines,
    and there is nothing to remove when a log is gone.

    Args:
        console: Whether to write to the console.
        path: The file to write to, or None.
        layout: `"simple"` or `"json"`.
    """

    __slots__ = (
        "_as_json",
        "_clock",
        "_console",
        "_file",
        "_logger",
        "_manager",
        "_moment",
        "_root",
        "_second",
        "_stamp",
    )

    def __init__(self, console: bool, path: str | None, layout: str) -> None:
        self._logger = logging.getLogger(_NAME)
        self._manager: Any = self._logger.manager  # `disable` is not in its stub
        self._root = logging.getLogger()
        self._as_json = layout == "json"
        self._console = _shared_console() if console else None
        self._file = None if path is None else _shared_file(path, layout)
        self._second = self._moment = 0
        self._clock = self._stamp = ""

    def quiet(self, level: int) -> bool:
        """Tell whether a line of that level would be read by nobody.

        It is asked for every task and costs less than a call into `logging`.
        """
        if self._file is not None:
            return False
        logger, root = self._logger, self._root
        threshold = logger.level
        if level < threshold or level <= self._manager.disable or logger.disabled:
            return True
        handlers, inherited = logger.handlers, root.handlers
        if not (handlers or inherited):
            return False  # with no handler at all the console is ours
        if logger.propagate:
            # "dotflow" has no dot, so its only ancestor is the root.
            if inherited:
                handlers = handlers + inherited if handlers else inherited
            if level < root.level and not threshold and handlers:
                return True
        for handler in handlers:
            if type(handler) is not _NullHandler:
                return False
        # With no handler at all the console is ours.
        return len(handlers) > 0

    def write(self, name: str, task: Any, kwargs: dict[str, Any]) -> None:
        """Write a line that is not `quiet`.

        Args:
            name: The level's name.
            task: The `Task` it is about, or None.
            kwargs: What to write where there is no task.
        """
        level, logger = LEVELS[name], self._logger
        text = line(name, task, kwargs, as_json=self._as_json)
        taken = self._is_taken()
        if self._file is not None or not taken:
            self._put(level, self._laid_out(name, text), taken)
        # It and what `quiet` has found are a tenth of a line's time.
        if taken and self._console is not None and logger.isEnabledFor(level):
            logger.handle(_record(level, text, task))

    def write_each(self, name: str, tasks: Sequence[Any]) -> None:
        """Write a line for each of several tasks, of a level that is not `quiet`.

        Args:
            name: The level's name.
            tasks: The tasks.
        """
        if self._is_taken():
            for task in tasks:
                self.write(name, task, {})
            return
        # Many in one call to the system, which is a third of the time of a line by itself.
        for start in range(0, len(tasks), _TOGETHER):
            lines = [
                self._laid_out(name, line(name, task, {}, as_json=self._as_json))
                for task in tasks[start : start + _TOGETHER]
            ]
            self._put(LEVELS[name], "".join(lines), False)

    def _is_taken(self) -> bool:
        """Tell whether the console's lines are those of handlers of an application."""
        # As `hasHandlers`.
        logger = self._logger
        return bool(logger.handlers or (logger.propagate and self._root.handlers))

    def _put(self, level: int, lines: str, taken: bool) -> None:
        """Write lines to the file, and to the console where it is ours."""
        file, console = self._file, self._console
        if file is not None:
            file.write(lines)
        if not taken and console is not None and (file is None or self._allowed(level)):
            console.write(lines)

    def _laid_out(self, name: str, text: str) -> str:
        """Return a line as the formatter of `logging` would make it.

        That takes a record and 30 calls, which was most of the cost of a short task.
        """
        if self._as_json:
            return f"{text}\n"
        # Made once a millisecond: that was an eighth of a line's time.
        moment = int(_now() * 1000)
        if moment != self._moment:
            self._stamp = self._stamped(moment)
            self._moment = moment
        return f"{self._stamp} - {name} [{_NAME}]: {text}\n"

    def _stamped(self, moment: int) -> str:
        """Return a moment, in milliseconds since the epoch, as a line begins with it."""
        second, thousandth = divmod(moment, 1000)
        if second != self._second:
            self._clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = second
        return f"{self._clock},{thousandth:03d}"

    def _allowed(self, level: int) -> bool:
        logger = self._logger
        forbidden = level < logger.level or level <= self._manager.disable
        return not (forbidden or logger.disabled)


def _record(level: int, text: str, task: Any) -> logging.LogRecord:
    """Return a record for the handlers of an application."""
    # A caller's frame would only ever be dotflow's own, so it is not looked up.
    record = logging.LogRecord(_NAME, level, "", 0, text, None, None)
    if task is not None:
        # For its formatters: `%(task_name)s`.
        record.workflow_id = str(task.workflow_id)
        record.task_id = task.task_id
        record.task_name = task.name
        record.status = task.status
    return record


class _Lines(logging.StreamHandler["Any"]):
    """A handler for its lock, renewed in forked children, and its telling of errors."""

    def write(self, text: str) -> None:
        """Write a line at once, so that a kill loses none that was written."""
        # Not `acquire`, which is two calls more: a tenth of a line's time.
        with self.lock or nullcontext():
            try:
                stream = self.stream
                stream.write(text)
                stream.flush()
            except Exception:  # noqa: BLE001 - told by `logging`, and the run goes on
                self.handleError(_record(logging.INFO, text, None))


class _Console(_Lines):
    """Writes to what `sys.stderr` is then: tests and notebooks replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        # It tells on standard error, which may be what a step has closed.
        called(super().handleError, record)


@cache
def _shared_console() -> _Console:
    return _Console()


@cache
def console_sinks(layout: str) -> Sinks:
    """Return what writes to the console alone, made once: that is 10 of 100 µs of a run.

    Args:
        layout: As of `Sinks`.
    """
    return Sinks(True, None, layout)


class _File(_Lines, logging.FileHandler):
    """Appends to a file; opens it, and makes its folders, when there is a line."""

    def write(self, text: str) -> None:
        """Write a line at once; see `_Lines.write`."""
        self.acquire()
        try:
            if self.stream is None:
                self.stream = self._open()
            super().write(text)
        finally:
            self.release()

    def _open(self) -> Any:
        make_folders(os.path.dirname(self.baseFilename))
        # As the base does, but for the file's mode.
        return open(
            self.baseFilename,
            self.mode,
            encoding=self.encoding,
            errors=self.errors,
            opener=partial(create, follow=True),  # /dev/stdout is a link
        )

    def __del__(self) -> None:
        self.close()


_files: WeakValueDictionary[tuple[str, str], _File] = WeakValueDictionary()


def _shared_file(path: str, layout: str) -> _File:
    """Return the one handler of a file, so that two logs do not mix up their lines."""
    key = (os.path.abspath(path), layout)
    handler = _files.get(key)
    if handler is None:
        handler = _File(key[0], encoding="utf-8", delay=True, errors="backslashreplace")
        handler = _files.setdefault(key, handler)
    return handler
