"""Draw the pictures of the pages on concepts: `hatch run docs:drawings`.

With `--check` nothing is written, and the exit code is 1 if one is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from dotflow.report import svg

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "drawings"
BLUE, GREEN, RED, GREY, YELLOW = "#e3f2fd", "#c8e6c9", "#ffcdd2", "#eceff1", "#fff9c4"
ROW = 26.0


class Drawing:
    """Boxes, arrows and words, with their places in pixels."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.shapes = [svg.box(0, 0, width, height, "#ffffff")]

    def box(
        self, x: float, y: float, width: float, text: str, fill: str = BLUE
    ) -> None:
        """Draw a box of one row with words in it."""
        self.shapes += [svg.box(x, y, width, ROW, fill), svg.label(x + 8, y + 17, text)]

    def frame(self, x: float, y: float, width: float, height: float, text: str) -> None:
        """Draw a frame with its name at the top."""
        self.shapes += [
            svg.box(x, y, width, height, "#fafafa"),
            svg.label(x + 8, y + 17, text, "#607d8b"),
        ]

    def say(self, x: float, y: float, text: str, colour: str = "#37474f") -> None:
        """Write words."""
        self.shapes.append(svg.label(x, y, text, colour))

    def arrow(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Draw a line with a head."""
        self.shapes.append(svg.line(x1, y1, x2, y2, "#607d8b"))
        head = (
            [(x2, y2), (x2 - 7, y2 - 4), (x2 - 7, y2 + 4)]
            if y1 == y2
            else [(x2, y2), (x2 - 4, y2 - 7), (x2 + 4, y2 - 7)]
        )
        points = " ".join(f"{x:g},{y:g}" for x, y in head)
        self.shapes.append(f'<polygon points="{points}" fill="#607d8b"/>')

    def text(self) -> str:
        """Return the document."""
        return svg.document(self.width, self.height, self.title, self.shapes)


def run() -> Drawing:
    """A run, its tasks, their attempts and checkpoints."""
    d = Drawing(680, 236, "A run has tasks, a task has attempts and one checkpoint")
    d.frame(10, 10, 660, 150, "run of the workflow 'nightly'")
    for x, name in ((25, "extract"), (215, "transform"), (475, "load")):
        width = 240 if name == "transform" else 170
        d.frame(x, 40, width, 105, f"task '{name}'")
    d.box(40, 75, 140, "attempt 1", GREEN)
    d.box(230, 75, 100, "attempt 1", RED)
    d.box(345, 75, 100, "attempt 2", GREEN)
    d.box(490, 75, 140, "attempt 1", GREEN)
    d.arrow(330, 88, 345, 88)
    d.say(230, 122, "it raised", "#b71c1c")
    for x in (110, 395, 560):
        d.arrow(x, 101, x, 185)
    for x, name in ((40, "extract"), (325, "transform"), (490, "load")):
        d.box(x, 185, 140, f"{name}: result", YELLOW)
    d.say(195, 202, "the storage")
    return d


def checkpoint() -> Drawing:
    """What a kill at each moment means."""
    d = Drawing(680, 180, "A kill before the result is stored repeats the task")
    d.box(10, 50, 210, "the step runs", BLUE)
    d.box(220, 50, 170, "its result is stored", YELLOW)
    d.box(390, 50, 90, "Completed", GREEN)
    d.box(480, 50, 190, "the next step runs", BLUE)
    d.arrow(10, 35, 665, 35)
    d.say(10, 24, "time")
    d.shapes.append(svg.box(10, 92, 378, 8, RED))
    d.shapes.append(svg.box(390, 92, 280, 8, GREEN))
    d.say(10, 120, "killed here: the step runs again", "#b71c1c")
    d.say(390, 120, "killed here: its result is restored", "#1b5e20")
    d.say(
        10,
        150,
        "What the step did outside (a row, a message, a file) may happen twice;",
    )
    d.say(10, 166, "what it returned is kept once.")
    return d


def modes() -> Drawing:
    """When four independent tasks run, in each mode."""
    rows = (
        ("sequential", [(0, 0), (0, 1), (0, 2), (0, 3)], "one thread"),
        ("background", [(0, 0), (0, 1), (0, 2), (0, 3)], "a thread beside yours"),
        ("threads", [(0, 0), (1, 0), (2, 0), (3, 0)], "threads of one process"),
        ("async", [(0, 0), (1, 0), (2, 0), (3, 0)], "one event loop"),
        (
            "parallel",
            [(0, 0), (1, 0), (0, 1), (1, 1)],
            "a process for each core (2 here)",
        ),
        (
            "sequential_group",
            [(0, 0), (0, 1), (1, 0), (1, 1)],
            "a process for each group",
        ),
    )
    d = Drawing(680, 40 + 70 * len(rows), "Four tasks a, b, c and d in each mode")
    for number, (name, places, note) in enumerate(rows):
        y = 20.0 + 70 * number
        d.say(10, y + 20, name)
        d.say(10, y + 38, note, "#607d8b")
        lanes = 1 + max(lane for lane, _ in places)
        high = 56 / lanes
        for task, (lane, turn) in zip("abcd", places, strict=True):
            x, top = 250 + turn * 100, y + lane * high
            d.shapes.append(svg.box(x, top, 96, high - 2, BLUE))
            d.say(x + 8, top + high / 2 + 3, task)
    d.say(250, 20 + 70 * len(rows) + 10, "time →", "#607d8b")
    return d


def telling() -> Drawing:
    """Who hears of what the engine does."""
    d = Drawing(680, 200, "The engine tells, providers listen")
    d.box(10, 20, 150, "DotFlow, Pipeline", BLUE)
    d.box(10, 85, 150, "the engine", BLUE)
    d.box(10, 150, 150, "your steps", GREY)
    d.arrow(85, 46, 85, 85)
    d.arrow(85, 111, 85, 150)
    d.arrow(160, 98, 220, 98)
    d.box(220, 85, 90, "events", YELLOW)
    listeners = ("history", "log", "notify", "tracer, metrics", "server")
    for number, name in enumerate(listeners):
        y = 10.0 + 37 * number
        d.shapes.append(svg.line(310, 98, 360, y + 13, "#607d8b"))
        d.box(360, y, 130, name, GREEN)
    d.say(505, 90, "one that fails")
    d.say(505, 106, "is told of once;")
    d.say(505, 122, "the run goes on")
    return d


def main() -> None:
    """Write the drawings, or compare them."""
    stale = []
    for draw in (run, checkpoint, modes, telling):
        path = FOLDER / f"{draw.__name__}.svg"
        text = draw().text()
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"Out of date: {', '.join(stale)}. Run `hatch run docs:drawings`.")


if __name__ == "__main__":
    main()
