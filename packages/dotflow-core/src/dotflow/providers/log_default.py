"""`LogDefault`: log lines on the console, in a file, or in both."""

from __future__ import annotations

import os

from dotflow.abc.log import LEVELS, Log, level_number
from dotflow.base.arguments import check_choice, output_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from dotflow.providers._log_sinks import Sinks
    from dotflow.types import LevelName, LogFormat, LogOutput

OUTPUTS = ("console", "file", "both")
FORMATS = ("simple", "json")

_DEBUG, _INFO, _WARNING, _ERROR = LEVELS.values()


class LogDefault(Log):
    """Logs through the standard library's logger `"dotflow"`.

    What an application has set up for that logger is respected: the lines for the
    console go to its handlers, at its level, and to nothing else. A `NullHandler`
    silences them. Where it has set up nothing, they go to standard error. A file is
    written in any case, since it was asked for.

    A line tells ids, the status and, from level ERROR on, the error. Values of contexts
    are never part of it.

    Args:
        level: The lowest level to log: `"DEBUG"`, `"INFO"`, `"WARNING"` or `"ERROR"`,
            in any case of letters, or its number in `logging`.
        output: `"console"`, `"file"` or `"both"`.
        path: The file; its folders are made when the first line is written. Default:
            `flow.log` in the folder `DOTFLOW_OUTPUT_PATH`, else in `.output`.
        format: `"simple"` for text, `"json"` for one JSON object a line.

    Raises:
        ProviderError: `level`, `output` or `format` is unknown.
    """

    def __init__(
        self,
        level: LevelName | int = "INFO",
        output: LogOutput = "console",
        path: str | os.PathLike[str] | None = None,
        format: LogFormat = "simple",
    ) -> None:
        check_choice("LogDefault", "output", output, OUTPUTS)
        check_choice("LogDefault", "format", format, FORMATS)
        self._level = level_number(level)
        self._output = output
        if path is None and output != "console":
            path = os.path.join(output_folder(), "flow.log")
        self._path = None if path is None else os.fspath(path)
        self._format = format
        self._sinks: Sinks | None = None

    def listening(self) -> bool:
        """Tell whether a line of any level would be read."""
        # What is too low to be read as ERROR is too low as anything else.
        return not (self._sinks or self._open()).quiet(_ERROR)

    def hears_progress(self) -> bool:
        """Tell whether a line of level INFO would be read; see `Log.hears_progress`."""
        if type(self).info is not LogDefault.info:
            return True  # somebody's own method, which may do more than to write
        return self._level <= _INFO and not (self._sinks or self._open()).quiet(_INFO)

    # Each method asks `quiet` itself: this is called for every task, and nobody may be
    # listening.

    def info(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level INFO; see `Log.info`."""
        if self._level <= _INFO:
            sinks = self._sinks or self._open()
            if not sinks.quiet(_INFO):
                sinks.write("INFO", task, kwargs)

    def queued(self, tasks: Sequence[Any]) -> None:
        """Log that tasks wait, their lines together; see `Log.queued`."""
        if type(self).info is not LogDefault.info:
            super().queued(tasks)  # somebody's own method, which is told of each
        elif self.hears_progress():
            (self._sinks or self._open()).write_each("INFO", tasks)

    def error(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level ERROR, with the traceback of the task's last error."""
        sinks = self._sinks or self._open()
        if not sinks.quiet(_ERROR):
            sinks.write("ERROR", task, kwargs)

    def warning(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level WARNING; see `Log.info`."""
        if self._level <= _WARNING:
            sinks = self._sinks or self._open()
            if not sinks.quiet(_WARNING):
                sinks.write("WARNING", task, kwargs)

    def debug(self, task: Any = None, **kwargs: Any) -> None:
        """Log at level DEBUG; see `Log.info`."""
        if self._level <= _DEBUG:
            sinks = self._sinks or self._open()
            if not sinks.quiet(_DEBUG):
                sinks.write("DEBUG", task, kwargs)

    def _open(self) -> Sinks:
        # `logging` takes longer to import than all of dotflow: only once needed.
        from dotflow.providers._log_sinks import Sinks, console_sinks

        if self._output == "console":
            self._sinks = console_sinks(self._format)
        else:
            self._sinks = Sinks(self._output == "both", self._path, self._format)
        return self._sinks

    def __getstate__(self) -> dict[str, Any]:
        # Handlers hold locks and files; another process opens its own.
        return {**self.__dict__, "_sinks": None}

    def __repr__(self) -> str:
        level = next(name for name, value in LEVELS.items() if value == self._level)
        where = "" if self._output == "console" else f", path={self._path!r}"
        return (
            f"LogDefault(level={level!r}, output={self._output!r}{where},"
            f" format={self._format!r})"
        )
