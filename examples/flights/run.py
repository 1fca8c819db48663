"""Build the database of flights from New York in 2013, and report on it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path

import workflow
from dotflow.types import WorkflowStatus
from settings import Settings


def main() -> int:
    """Run the workflow and return the exit code."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with a run that was stopped or killed",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(".output/flights"),
        metavar="DIR",
        help="where to write everything (default: %(default)s)",
    )
    parser.add_argument("--rows", type=int, metavar="N", help="read N flights only")
    options = parser.parse_args()
    if options.rows is not None and options.rows < 1:
        parser.error("--rows takes a number from 1 on")
    settings = Settings(options.output.resolve(), options.rows)

    flow = workflow.build(settings)
    try:
        run = flow.start(
            resume=options.resume,
            fingerprint=workflow.fingerprint(settings),
            on_input_change="reset",
        )
    except KeyboardInterrupt:
        print("Stopped. Go on with --resume.", file=sys.stderr)
        return 130
    if run.status != WorkflowStatus.COMPLETED:
        return 1
    print(f"\n{flow.result_storage()[-1]}\n\n{settings.database}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
