"""Class-based steps: the methods of an object that a task returns run in order.

Prints:
    Loaded: [2, 4, 6]
    3 results, the last one None
"""

from __future__ import annotations

from dotflow import Context, DotFlow, action


class ETLPipeline:
    """Three steps that belong together."""

    @action
    def extract(self) -> dict[str, list[int]]:
        """Get raw numbers."""
        return {"raw": [1, 2, 3]}

    @action
    def transform(self, previous_context: Context) -> dict[str, list[int]]:
        """Double them."""
        return {"processed": [x * 2 for x in previous_context.storage["raw"]]}

    @action
    def load(self, previous_context: Context) -> None:
        """Put them where they belong."""
        print(f"Loaded: {previous_context.storage['processed']}")


@action
def run_pipeline() -> ETLPipeline:
    """Return the object; dotflow finds its steps."""
    return ETLPipeline()


if __name__ == "__main__":
    workflow = DotFlow()
    workflow.task.add(step=run_pipeline)

    workflow.start()

    results = [context.storage for context in workflow.result_storage()[0]]
    print(f"{len(results)} results, the last one {results[-1]}")
