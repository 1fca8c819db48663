import threading
from dataclasses import dataclass

from dotflow import Pipeline, RunCancelledError, RunContext


@dataclass(frozen=True)
class Deps:
    api_base: str


pipeline = Pipeline("api")


@pipeline.task(timeout_s=30.0)
async def pull(context: RunContext[Deps]) -> list[dict]:
    context.raise_if_cancelled()
    timeout_s = context.time_remaining_s() or 10.0
    return [{"base": context.api_base, "timeout": timeout_s}]


@pipeline.task(name="extract_orders", retries=2, timeout_s=10.0)
async def extract_orders(context: RunContext[Deps]) -> list[dict]:
    return [{"base": context.api_base}]


context = RunContext(Deps("https://api.test"))
tasks = pipeline.run(context)["tasks"]
(pulled,) = tasks["pull"]["result"]
print(pulled["base"], round(pulled["timeout"]), tasks["extract_orders"]["result"])

event = threading.Event()
event.set()
error = pipeline.run(context.with_cancel_event(event))["tasks"]["pull"]["error"]
print(RunCancelledError.__name__ in error)
error = pipeline.run(context.with_deadline_s(0))["tasks"]["pull"]["error"]
print(error.splitlines()[-1].partition(":")[0])
