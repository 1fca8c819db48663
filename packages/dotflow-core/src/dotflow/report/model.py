"""`RunReport`: the data of one run, and the drawings of it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from dotflow.report.data import AttemptReport as AttemptReport
from dotflow.report.data import ErrorReport as ErrorReport
from dotflow.report.data import ResultReport as ResultReport
from dotflow.report.data import RunData
from dotflow.report.data import TaskReport as TaskReport


@dataclass(slots=True, repr=False)
class RunReport(RunData):
    """One run: what ran, when, how often, and how it ended.

    Args:
        run_id: The id of this start, a ULID.
        workflow_id: The workflow it belongs to.
        name: The workflow's name for people.
        mode: How it ran.
        status: A `WorkflowStatus`; `"Crashed"` where its process died.
        started: When it began, with a time zone; None before.
        finished: When it ended; None before, and where its process died.
        duration: How long it took, in seconds; None while it goes on.
        resumed_from: The run it went on from, or None.
        metadata: What the front end noted of the run.
        tasks: Its tasks, in the order they were added.
        identity: Of what it is a run, and how, where and by whom it was started.
        facts: What its steps have told by `fact`, where a history tells it.
    """

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart, coloured by how each task ended."""
        from dotflow.report.mermaid import report_chart

        return report_chart(self)

    def to_svg(self) -> str:
        """Return a Gantt chart as an SVG document: a row a task, a bar an attempt."""
        from dotflow.report.gantt import gantt

        return gantt(self)

    def to_png(self, scale: float = 2.0) -> bytes:
        """Return the Gantt chart as a PNG image; needs CairoSVG.

        Args:
            scale: Pixels for a unit of the SVG.

        Raises:
            ImportError: CairoSVG is not installed; the message has the pip line.
        """
        try:
            convert = import_module("cairosvg").svg2png
        except (ImportError, OSError) as error:
            raise ImportError(
                "to_png() draws with CairoSVG, which cannot be imported here"
                f' ({error}). Install it: python -m pip install "dotflow-core[png]".'
                " to_svg() needs nothing."
            ) from error
        image: bytes = convert(bytestring=self.to_svg().encode(), scale=scale)
        return image

    def __str__(self) -> str:
        from dotflow.report.text import report_text

        return report_text(self)

    def __repr__(self) -> str:
        from dotflow.report.text import report_line

        return f"<RunReport {report_line(self)}>"

    def _repr_html_(self) -> str:
        from dotflow.report.html import report_page

        return report_page(self)
