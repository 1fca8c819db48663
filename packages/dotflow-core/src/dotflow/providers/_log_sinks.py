"""Where the lines of `LogDefault` go. It imports `logging`, so it is loaded late."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any
from weakref import WeakValueDictionary

from dotflow.abc.log import LEVELS, LogRecord, utc_now

_NAME = "dotflow"
_NullHandler = logging.NullHandler
_LAYOUTS = {
    "simple": "%(asctime)s - %(levelname)s [%(name)s]: %(message)s",
    # The message is the whole line: a JSON line is JSON and nothing else.
    "json": "%(message)s",
}


class Sinks:
    """The console and the file of one log.

    No handler is ever attached to a logger: two logs cannot double each other's lines,
    and there is nothing to remove when a log is gone.

    Args:
        console: Whether to write to the console.
        path: The file to write to, or None.
        layout: `"simple"` or `"json"`.
    """

    __slots__ = ("_as_json", "_console", "_file", "_logger", "_manager", "_root")

    def __init__(self, console: bool, path: str | None, layout: str) -> None:
        self._logger = logging.getLogger(_NAME)
        self._manager: Any = self._logger.manager  # `disable` is not in its stub
        self._root = logging.getLogger()
        self._as_json = layout == "json"
        formatter = logging.Formatter(_LAYOUTS[layout])
        self._console: logging.Handler | None = None
        self._file: logging.Handler | None = None
        if console:
            self._console = _Console()
            self._console.setFormatter(formatter)
        if path is not None:
            self._file = _shared_file(path, layout)
            self._file.setFormatter(formatter)

    def quiet(self, level: int) -> bool:
        """Tell whether a line of that level would be read by nobody.

        It is asked for every task and costs less than a call into `logging`.
        """
        if self._file is not None:
            return False
        logger = self._logger
        threshold = logger.level
        if level < threshold or level <= self._manager.disable or logger.disabled:
            return True
        handlers = logger.handlers
        if logger.propagate:
            # "dotflow" has no dot, so its only ancestor is the root.
            root = self._root
            inherited = root.handlers
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
        """Write a line.

        Args:
            name: The level's name.
            task: The `Task` it is about, or None.
            kwargs: What to write where there is no task.
        """
        level = LEVELS[name]
        text = (
            _json_line(name, task, kwargs)
            if self._as_json
            else _simple_line(level, task, kwargs)
        )
        # A caller's frame would only ever be dotflow's own, so it is not looked up.
        record = logging.LogRecord(_NAME, level, "", 0, text, None, None)
        if task is not None:
            # For formatters of the application: `%(task_id)s`.
            record.workflow_id = str(task.workflow_id)
            record.task_id = task.task_id
            record.status = task.status
        if self._file is not None:
            self._file.handle(record)
        if self._console is None:
            return
        if self._logger.hasHandlers():
            if self._logger.isEnabledFor(level):
                self._logger.handle(record)
        elif self._allowed(level):
            self._console.handle(record)

    def _allowed(self, level: int) -> bool:
        logger = self._logger
        forbidden = level < logger.level or level <= self._manager.disable
        return not (forbidden or logger.disabled)


def _simple_line(level: int, task: Any, kwargs: dict[str, Any]) -> str:
    if task is None:
        return str(kwargs)
    text = f"ID {task.workflow_id} - {task.task_id} - {task.status}"
    if level >= LEVELS["ERROR"] and task.errors:
        text += f" \n {task.errors[-1].traceback}"
    return text


def _json_line(name: str, task: Any, kwargs: dict[str, Any]) -> str:
    import json

    if task is None:
        values = {"timestamp": utc_now(), "level": name, "message": str(kwargs)}
    else:
        values = LogRecord.of_task(task, name).to_dict()
    # ASCII only: a line separator inside a text must not split the line.
    return json.dumps(values, default=str)


class _Console(logging.StreamHandler[Any]):
    """Writes to what `sys.stderr` is then: tests and notebooks replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


class _File(logging.FileHandler):
    """Appends to a file; opens it, and makes its folders, when there is a line."""

    def _open(self) -> Any:
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        return super()._open()

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
