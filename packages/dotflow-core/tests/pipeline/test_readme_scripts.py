"""Scripts as users of flowrun write them after its guide, with one line changed."""

from __future__ import annotations

from pathlib import Path

import pytest

# Beside each script lies a text of what it prints.
SCRIPTS = sorted((Path(__file__).parent / "readme_scripts").glob("*.py"))

MODULES = {
    "acme/__init__.py": "",
    "acme/runtime.py": """
        from dotflow import Pipeline

        pipeline = Pipeline("sales", max_workers=4, max_parallel=3)
        task = pipeline.task
    """,
    "acme/extract.py": """
        from .runtime import task

        @task()
        def extract_orders() -> list[dict[str, int]]:
            return [{"id": 1, "amount": 10}]
    """,
    "acme/transform.py": """
        from .runtime import task

        @task(deps=["extract_orders"])
        def summarize_orders(extract_orders: list[dict[str, int]]) -> dict[str, int]:
            return {"rows": len(extract_orders)}
    """,
    "acme/users.py": """
        def register(task):
            @task(name="extract_users")
            def extract_users() -> list[str]:
                return ["ada"]
    """,
    "acme/build.py": """
        from dotflow import Pipeline
        from . import users

        def build_sales_pipeline():
            pipeline = Pipeline("sales", max_workers=4, max_parallel=3)
            users.register(pipeline.task)
            return pipeline
    """,
}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_print_what_they_printed(run_script, path):
    """A script of flowrun's guide needs no change but that of the import line."""
    result = run_script(path.read_text("utf-8"))
    assert result.returncode == 0, result.stderr
    assert result.stdout == path.with_suffix(".txt").read_text("utf-8")


def test_there_are_scripts():
    """The guide is covered."""
    assert len(SCRIPTS) == 5


def test_tasks_in_many_modules(run_script, tmp_path):
    """Modules register their tasks on import, or by a function that is called twice."""
    from textwrap import dedent

    (tmp_path / "acme").mkdir()
    for name, source in MODULES.items():
        (tmp_path / name).write_text(dedent(source), "utf-8")
    result = run_script(
        """
        import asyncio

        from acme import transform, extract  # noqa: F401
        from acme.build import build_sales_pipeline
        from acme.runtime import pipeline

        async def main() -> None:
            async with pipeline:
                run_id = await pipeline.run_once()
                report = pipeline.get_run_report(run_id)
                print(report["status"], report["tasks"]["summarize_orders"]["result"])

        asyncio.run(main())
        print(list(build_sales_pipeline().tasks), list(build_sales_pipeline().tasks))
        """
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "SUCCESS {'rows': 1}",
        "['extract_users'] ['extract_users']",
    ]
