"""What a workflow gets of the events that AWS sends to a Lambda function."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import unquote_plus

from dotflow.errors import DotflowError
from dotflow.serving.request import read_json


class UnknownEvent(DotflowError, ValueError):
    """An event holds nothing of what its handler is for.

    Args:
        wanted: What that would be: `"an S3 notification"`.
        event: The event.
    """

    def __init__(self, wanted: str, event: Any) -> None:
        keys = ", ".join(map(repr, event)) if isinstance(event, dict) else ""
        told = f"it has {keys[:200]}" if keys else f"it is a {type(event).__name__}"
        super().__init__(f"The event is not {wanted}: {told}.")


def s3_objects(event: Any) -> list[dict[str, Any]]:
    """Return the objects that an S3 notification tells of, or an event of EventBridge.

    Each has `bucket`, `key`, `size`, `etag`, `version_id` and `event`, such as
    `"ObjectCreated:Put"`. The message that S3 sends to try a new notification out has
    none.

    Raises:
        UnknownEvent: It tells of no object.
    """
    wanted = 'of S3: "Records" with "s3" in each, or the "detail" of EventBridge'
    if not isinstance(event, dict):
        raise UnknownEvent(wanted, event)
    if event.get("Event") == "s3:TestEvent":
        return []
    try:
        if event.get("source") == "aws.s3":
            return [_of_eventbridge(event)]
        found = [_of_notification(record) for record in event["Records"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise UnknownEvent(wanted, event) from error
    if not found:
        raise UnknownEvent(wanted, event)
    return found


def _of_notification(record: dict[str, Any]) -> dict[str, Any]:
    told = record["s3"]["object"]
    return {
        "bucket": record["s3"]["bucket"]["name"],
        # It comes as in a query string, where a space is a plus sign.
        "key": unquote_plus(told["key"]),
        "size": told.get("size"),
        "etag": told.get("eTag"),
        "version_id": told.get("versionId"),
        "event": record.get("eventName", ""),
    }


def _of_eventbridge(event: dict[str, Any]) -> dict[str, Any]:
    told = event["detail"]["object"]
    return {
        "bucket": event["detail"]["bucket"]["name"],
        "key": told["key"],  # as it is, here
        "size": told.get("size"),
        "etag": told.get("etag"),
        "version_id": told.get("version-id"),
        "event": event.get("detail-type", ""),
    }


def sqs_message(record: dict[str, Any]) -> dict[str, Any]:
    """Return a message: `message_id`, `body`, `attributes` and `attempt`, from 1.

    The body is what its JSON says, or else its text.
    """
    attributes = _table(record, "messageAttributes")
    return {
        "message_id": record["messageId"],
        "body": _read(record["body"]),
        "attributes": {
            name: value.get("stringValue", value.get("binaryValue"))
            for name, value in attributes.items()
        },
        "attempt": int(_table(record, "attributes").get("ApproximateReceiveCount", 1)),
    }


def http_request(event: Any) -> dict[str, Any]:
    """Return a request to an HTTP API, a function URL, a REST API or a load balancer.

    It has `method`, `path`, `query`, `headers` (in lower case), `request_id` and
    `body`: what its JSON says if its content type is JSON, else text, else bytes.

    Raises:
        UnknownEvent: It is no request.
        ValueError: The content type is JSON, and the body is not.
    """
    told = event if isinstance(event, dict) else {}
    context = _table(told, "requestContext")
    # Payload 1.0 has at its top what 2.0 has in a table of its own.
    inner = _table(context, "http")
    method = inner.get("method") or told.get("httpMethod") or context.get("httpMethod")
    if not method:
        raise UnknownEvent("a request: it has no method", event)
    several = _table(told, "multiValueHeaders").items()
    given = {name: values[-1] for name, values in several if values}
    headers = {
        str(name).lower(): str(value)
        for name, value in (given | _table(told, "headers")).items()
        if value is not None
    }
    return {
        "method": method,
        "path": told.get("rawPath") or told.get("path") or "",
        "query": _table(told, "queryStringParameters"),
        "headers": headers,
        "request_id": context.get("requestId") or "",
        "body": _body(told, headers.get("content-type", "")),
    }


def _table(of: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a table of an event, an empty one where it is null or no table."""
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _body(event: dict[str, Any], content_type: str) -> Any:
    body: str | bytes | None = event.get("body")
    if not body:
        return None
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return read_json(body)
    if isinstance(body, bytes):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body
    return body


def _read(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError:
        return text
