"""Answer messages of SQS, and only those that failed come back."""

from __future__ import annotations

import json
from typing import Any

from dotflow import Config, DotFlow, action
from dotflow.providers import LogDefault, StorageSQLite
from dotflow_aws import sqs_handler

tries: list[int] = []


@action
def check(initial_context: Any) -> int:
    """Take the order's number out of the message."""
    return int(initial_context.storage["body"]["order"])


@action
def charge(previous_context: Any) -> str:
    """Charge an order; the first time for order 2 the bank does not answer."""
    order = previous_context.storage
    tries.append(order)
    if tries == [1, 2]:
        print(f"the bank is away: order {order} comes back")
        raise ConnectionError("no answer")
    print(f"charged order {order}")
    return f"charge of order {order}"


def build(message: dict[str, Any]) -> DotFlow:
    """Return the workflow of a message, whose id is that of its run."""
    config = Config(
        storage=StorageSQLite("messages.db"),  # StorageS3("my-bucket") in Lambda
        log=LogDefault(output="file", path="flow.log"),
    )
    workflow = DotFlow(config, workflow_id=message["message_id"])
    workflow.task.add(check, initial_context=message)
    workflow.task.add(charge)
    return workflow


handler = sqs_handler(build, resume=True)


if __name__ == "__main__":
    records = [
        {"messageId": f"m-{number}", "body": json.dumps({"order": number})}
        for number in (1, 2)
    ]
    print(handler({"Records": records}, None))
    print(handler({"Records": records[1:]}, None))  # what SQS delivers again
