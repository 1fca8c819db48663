"""Stands for the host of Azure Functions: it has a function app loaded and called.

The worker is Azure's own where it can be installed (`azure-functions-runtime`, Python 3.13
and newer): this program sends it what the host sends, and prints what it answers. Elsewhere
it does what the worker does, with the converters of `azure-functions`.

    python azure_host.py worker|library FOLDER NAME KIND   # calls on standard input
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A message of the protocol between the host and a worker."""

    def WhichOneof(self, name: str) -> str:  # noqa: N802 - as protobuf has it
        (found,) = [key for key in vars(self) if not key.startswith("_")]
        return found


class BindingInfo(Message):
    """A binding: what triggers a function, what it reads or writes."""

    undefined, string, binary, stream = range(4)
    _in, out, inout = range(3)


class StatusResult(Message):
    """How a request ended."""

    Failure, Success = range(2)


class Parameter(Message):
    """What a function is given."""

    def WhichOneof(self, name: str) -> str:  # noqa: N802 - as protobuf has it
        return "data"


class TypedData(Message):
    """A value with its kind."""


class Protos:
    """Every message of the protocol."""

    def __getattr__(self, name: str) -> Any:
        return {
            "BindingInfo": BindingInfo,
            "StatusResult": StatusResult,
            "TypedData": TypedData,
        }.get(name, Message)


# What the functions print goes to standard error: the answers are alone.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell(answer: dict[str, Any]) -> None:
    """Write an answer."""
    print(json.dumps(answer), file=answers, flush=True)


async def through_worker(folder: str, name: str, kind: str, calls: list[Any]) -> None:
    """Send the requests that the host sends to a worker."""
    from azure_functions_runtime import handle_event

    properties = {"protos": Protos(), "host": "127.0.0.1"}

    def request(**content: Any) -> Message:
        return Message(request=Message(**content), properties=properties)

    init = Message(capabilities={}, function_app_directory=folder)
    begun = await handle_event.worker_init_request(request(worker_init_request=init))
    if begun.result.status != StatusResult.Success:
        raise SystemExit(f"not loaded: {begun.result.exception.message}")
    listed = await handle_event.functions_metadata_request(request())
    (found,) = listed.function_metadata_results
    (binding,) = [json.loads(text) for text in found.raw_bindings]
    tell({"name": found.name, "binding": binding})
    for number, call in enumerate(calls):
        if kind == "timer":
            data = TypedData(json=json.dumps(call["data"]))
        else:
            data = TypedData(string=call["data"])
        metadata = {key: TypedData(**value) for key, value in call["metadata"].items()}
        invocation = Message(
            invocation_id=f"invocation-{number}",
            function_id=found.function_id,
            input_data=[Parameter(name=binding["name"], data=data)],
            trigger_metadata=metadata,
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(
                retry_count=0,
                max_retry_count=0,
                exception=Message(type="", source="", stack_trace="", message=""),
            ),
        )
        ended = await handle_event.invocation_request(
            request(invocation_request=invocation)
        )
        good = ended.result.status == StatusResult.Success
        told = "" if good else ended.result.exception.message
        tell({"succeeded": good, "error": told})


def through_library(folder: str, name: str, kind: str, calls: list[Any]) -> None:
    """Index the app and convert its inputs as a worker does."""
    from azure.functions import queue, timer
    from azure.functions.meta import Datum

    sys.path.insert(0, folder)
    app = importlib.import_module("function_app").app
    (found,) = app.get_functions()
    (binding,) = json.loads(found.get_function_json())["bindings"]
    told = {"name": found.get_function_name(), "binding": binding}
    tell(told)
    for call in calls:
        metadata = {
            key: Datum(next(iter(value.values())), next(iter(value)))
            for key, value in call["metadata"].items()
        }
        if kind == "timer":
            data = Datum(json.dumps(call["data"]), "json")
            given = timer.TimerRequestConverter.decode(data, trigger_metadata=None)
        else:
            data = Datum(call["data"], "string")
            given = queue.QueueMessageInConverter.decode(
                data, trigger_metadata=metadata
            )
        try:
            found.get_user_function()(**{binding["name"]: given})
            told = {"succeeded": True, "error": ""}
        except Exception as error:
            told = {"succeeded": False, "error": f"{type(error).__name__}: {error}"}
        tell(told)


if __name__ == "__main__":
    how, *arguments = sys.argv[1:]
    given = json.load(sys.stdin)
    if how == "worker":
        asyncio.run(through_worker(*arguments, given))
    else:
        through_library(*arguments, given)
