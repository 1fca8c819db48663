"""Run all benchmarks and print each figure beside its limit: `hatch run bench`.

What a figure misses is said beside it. A limit is what was aimed at, and some of them are
out of reach of code in Python: each is still told.

Options are pyperf's: `--fast` for a quick look, `--rigorous` for a quiet machine. With
`--compare REV` it runs some of them in pairs with another revision instead.
"""

from __future__ import annotations

import sys

import pyperf

from benchmarks import (
    chains,
    first,
    logs,
    maps,
    outputs,
    pipelines,
    processes,
    servings,
    storages,
    tellings,
)
from benchmarks.compare import compare


class Bench:
    """Measures with pyperf; in its worker processes everything else is skipped."""

    def __init__(self) -> None:
        self.runner = pyperf.Runner(
            processes=3, values=3, warmups=1, program_args=("-m", "benchmarks")
        )
        self.runner.parse_args()
        self.rows: list[tuple[str, str, str, str]] = []

    @property
    def is_worker(self) -> bool:
        """Whether this process only measures one benchmark for another process."""
        return bool(self.runner.args.worker)

    def seconds(self, name: str, function: object, *args: object) -> float:
        """Return the median time of one call, in seconds."""
        return self._median(self.runner.bench_time_func(name, function, *args))

    def command(self, name: str, code: str) -> float:
        """Return the median time of `python -c code`, in seconds."""
        return self._median(
            self.runner.bench_command(name, [sys.executable, "-c", code])
        )

    def _median(self, found: pyperf.Benchmark | None) -> float:
        # A worker measures for its parent and has no figures of its own.
        if found is None or self.is_worker:
            return float("nan")
        return float(found.median())

    def report(
        self, what: str, figure: str, target: str, over: float | None = None
    ) -> None:
        """Note a row of the table.

        Args:
            what: What was measured.
            figure: What it came to.
            target: Its limit.
            over: How many times the limit that is, where it has one in numbers.
        """
        missed = over is not None and over > 1
        self.rows.append((what, figure, target, "missed" if missed else ""))


def bench_import(bench: Bench) -> None:
    """`import dotflow`, and a workflow without tasks, over a bare interpreter."""
    nothing = bench.command("python -c pass", "pass")
    added = (bench.command("import dotflow", "import dotflow") - nothing) * 1e3
    bench.report("import dotflow", f"+{added:.1f} ms", "+1 ms", added)
    if not bench.is_worker:
        added = first.script_seconds() * 1e3
        bench.report("first DotFlow(), CPU", f"+{added:.1f} ms", "+8 ms", added / 8)


def bench_chain(bench: Bench) -> None:
    """A chain of no-op tasks over a plain loop, in a first run and in later ones."""
    if not bench.is_worker:
        runs = []
        for length in (1_000, 10_000, 100_000, 1_000_000):
            loop, build, run = first.chain(length)
            runs.append(run / length)
            for what, took in (("built", build), ("run", run)):
                bench.report(
                    f"first chain of {length:,}, {what}, CPU",
                    f"{took / loop:.0f} x ({took / length * 1e6:.2f} µs/task)",
                    "40 x a loop of calls" if length == 10_000 else "",
                    took / loop / 40 if length == 10_000 else None,
                )
        bench.report(
            "a task of 1,000,000 over one of 10,000, run",
            f"{runs[3] / runs[1]:.2f} x",
            "1.10 x",
            runs[3] / runs[1] / 1.1,
        )
    loop = bench.seconds("loop", chains.time_plain_loop, 10_000)
    built = bench.seconds("build", chains.time_build, 10_000)
    chain = bench.seconds("chain", chains.time_chain, 10_000)
    for what, took in (("built", built), ("run", chain)):
        bench.report(
            f"further chain of 10,000, {what}",
            f"{took / loop:.0f} x ({took / 10_000 * 1e6:.2f} µs/task)",
            "",
        )
    logged = bench.seconds("console log", logs.time_console_chain, 10_000)
    bench.report(
        "chain of 10,000 with the console log in a file",
        f"{logged / chain:.2f} x ({logged / 10_000 * 1e6:.1f} µs/task)",
        "4 x the quiet one",
        logged / chain / 4,
    )


def bench_map(bench: Bench) -> None:
    """A map over the items of a generator: its time, and that it keeps none of them."""
    length = 100_000
    each = bench.seconds(f"map {length}", maps.time_map, length) / length * 1e6
    bench.report(f"map over {length:,} items", f"{each:.2f} µs/item", "6 µs", each / 6)
    for level, least in (("NORMAL", 60_000), ("FULL", 50_000)):
        name, few = f"durable map {level}", length // 10
        took = bench.seconds(name, maps.time_durable_map, few, "threads", level)
        bench.report(
            f"map over {few:,} durable items in threads, synchronous={level}",
            f"{few / took:,.0f}/s",
            f"{least:,}/s",
            least * took / few,
        )
    took = bench.seconds("sub-workflows", maps.time_sub_workflows, 1000)
    bench.report(
        "map over 1,000 items, a workflow of two steps each",
        f"{took / 1000 * 1e6:.0f} µs/item",
        "60 µs",
        took / 1000 / 60e-6,
    )
    if not bench.is_worker:
        few, many = maps.peak_memory(length), maps.peak_memory(10 * length)
        # The list of a million results takes 8 MB by itself.
        bench.report(
            f"map over {10 * length:,} items, peak memory",
            f"{many / 2**20:.0f} MB (+{(many - few) / 2**20:.0f} MB)",
            "flat",
        )


def bench_storages(bench: Bench) -> None:
    """Durable chains over a bare loop of commits."""
    for level in ("FULL", "NORMAL"):
        bare = bench.seconds(f"bare {level}", storages.time_bare_sqlite, 500, level)
        for what, keep_runs in (("no history", 0), ("history, captured output", 1000)):
            name = f"sqlite {level}, {keep_runs}"
            took = bench.seconds(
                name, storages.time_sqlite_chain, 500, level, keep_runs
            )
            most = 1.2 if level == "FULL" else 2.0 if keep_runs else 1.5
            bench.report(
                f"StorageSQLite, {level}, {what}",
                f"{took / bare:.2f} x ({took / 500 * 1e6:.0f} µs/task)",
                f"{most} x a bare loop",
                took / bare / most,
            )
    few = bench.seconds("file 200", storages.time_file_chain, 200) / 200
    many = bench.seconds("file 2000", storages.time_file_chain, 2000) / 2000
    bench.report(
        "StorageFile, a task of 2,000 over one of 200", f"{many / few:.2f} x", "linear"
    )


def bench_outputs(bench: Bench) -> None:
    """What it costs to keep what steps print, beside `Config(capture=False)`."""
    length = 2_000
    kept, off = (
        bench.seconds(f"silent, capture={on}", outputs.time_silent_chain, length, on)
        for on in (True, False)
    )
    each = (kept - off) / length * 1e6
    bench.report("captured output, a silent task", f"{each:+.1f} µs/task", "+15 µs")
    kept, off = (
        bench.seconds(f"flood, capture={on}", outputs.time_flood, on)
        for on in (True, False)
    )
    bench.report(
        "captured output, 1,000,000 lines to nowhere",
        f"{kept / off:.1f} x ({(kept - off) / outputs.MILLION * 1e6:.1f} µs/line)",
        "5 x",
    )
    if not bench.is_worker:
        more = outputs.peak_memory(True) - outputs.peak_memory(False)
        bench.report(
            "captured output, 1,000,000 lines, peak memory",
            f"{more / 2**20:+.1f} MB",
            "flat",
        )


def bench_tellings(bench: Bench) -> None:
    """What `progress` costs a row, beside a plain loop."""
    loop = bench.seconds("plain loop", tellings.time_plain_loop)
    for what, function in (
        ("progress(rows), nobody listens", tellings.time_rows),
        ("progress(done, total), nobody listens", tellings.time_numbers),
        ("progress(rows), a history listens", tellings.time_heard),
    ):
        added = (bench.seconds(what, function) - loop) / tellings.ROWS * 1e6
        bench.report(what, f"+{added:.2f} µs/row", "+0.2 µs")


def bench_processes(bench: Bench) -> None:
    """64 tasks of 20 ms over the standard library's pool."""
    pool = bench.seconds("ProcessPoolExecutor", processes.time_process_pool)
    parallel = bench.seconds("parallel", processes.time_parallel)
    start_up = bench.seconds("start-up", processes.time_start_up)
    bench.report(
        "parallel, 64 x 20 ms",
        f"{parallel / pool:.2f} x",
        "1.03 x the pool",
        parallel / pool / 1.03,
    )
    bench.report(
        "parallel, start and stop", f"{start_up * 1e3:.1f} ms", "5 ms", start_up / 0.005
    )


def bench_servings(bench: Bench) -> None:
    """Requests that run a workflow of three tasks each."""
    each = bench.seconds("requests", servings.time_requests, 100) / 100 * 1e6
    bench.report("wsgi_app, three tasks", f"{each:.0f} µs", "60 µs", each / 60)


def bench_pipelines(bench: Bench) -> None:
    """Coroutines that do nothing, over a bare task group or awaiting them."""
    group = bench.seconds("TaskGroup 1000", pipelines.time_task_group, 1000)
    pipeline = bench.seconds("pipeline 1000", pipelines.time_pipeline, 1000)
    bench.report(
        "Pipeline.run_once, 1,000 coroutines",
        f"{pipeline / group:.2f} x ({pipeline / 1000 * 1e6:.1f} µs/task)",
        "1.5 x a task group",
        pipeline / group / 1.5,
    )
    chain = bench.seconds("pipeline chain", pipelines.time_chain, 1000)
    bare = bench.seconds("awaiting", pipelines.time_awaiting, 1000)
    each = (chain - bare) / 1000 * 1e6
    bench.report(
        "Pipeline.run_once, a chain of 1,000 coroutines",
        f"+{each:.1f} µs/task",
        "+15 µs over awaiting",
        each / 15,
    )
    each = bench.seconds("declaring", pipelines.time_declaring, 1000) / 1000 * 1e6
    bench.report(
        "Pipeline, a task with its function", f"{each:.1f} µs", "12 µs", each / 12
    )
    group = bench.seconds("TaskGroup 10000", pipelines.time_task_group, 10_000)
    fan = bench.seconds("pipeline fan", pipelines.time_fan, 10_000)
    bench.report(
        "Pipeline, 10,000 coroutines declared and run",
        f"{fan / group:.2f} x ({fan / 10_000 * 1e6:.1f} µs/task)",
        "3 x a task group",
        fan / group / 3,
    )
    valid = bench.seconds("pipeline validate 100000", pipelines.time_validate, 100_000)
    bench.report("Pipeline.validate, 100,000 tasks", f"{valid:.2f} s", "1 s", valid)


def main() -> None:
    """Measure everything and print the table, or compare with another revision."""
    if sys.argv[1:2] == ["--compare"]:
        compare(*sys.argv[2:3] or ["HEAD"])
        return
    bench = Bench()
    bench_import(bench)
    bench_chain(bench)
    bench_map(bench)
    bench_storages(bench)
    bench_outputs(bench)
    bench_tellings(bench)
    bench_processes(bench)
    bench_servings(bench)
    bench_pipelines(bench)
    if not bench.is_worker:
        print(f"\n{'what':<60} {'measured':<26} {'limit':<22}")
        for what, figure, target, missed in bench.rows:
            print(f"{what:<60} {figure:<26} {target:<22} {missed}")


if __name__ == "__main__":
    main()
