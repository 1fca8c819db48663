"""What a workflow gets of the events that AWS sends to a Lambda function."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote_plus


def s3_objects(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the objects that an S3 notification tells of.

    Each has `bucket`, `key`, `size`, `etag`, `version_id` and `event`, such as
    `"ObjectCreated:Put"`. The message that S3 sends to try a new notification out has
    none.
    """
    return [
        {
            "bucket": record["s3"]["bucket"]["name"],
            # It comes as in a query string, where a space is a plus sign.
            "key": unquote_plus(record["s3"]["object"]["key"]),
            "size": record["s3"]["object"].get("size"),
            "etag": record["s3"]["object"].get("eTag"),
            "version_id": record["s3"]["object"].get("versionId"),
            "event": record.get("eventName", ""),
        }
        for record in event.get("Records", ())
    ]


def sqs_message(record: dict[str, Any]) -> dict[str, Any]:
    """Return a message: `message_id`, `body`, `attributes` and `attempt`, from 1.

    The body is what its JSON says, or else its text.
    """
    attributes = record.get("messageAttributes", {})
    return {
        "message_id": record["messageId"],
        "body": _read(record["body"]),
        "attributes": {
            name: value.get("stringValue", value.get("binaryValue"))
            for name, value in attributes.items()
        },
        "attempt": int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
    }


def http_request(event: dict[str, Any]) -> dict[str, Any]:
    """Return a request to an HTTP API or a function URL (payload format 2.0).

    It has `method`, `path`, `query`, `headers` (in lower case), `request_id` and
    `body`: what its JSON says if its content type is JSON, else text, else bytes.

    Raises:
        ValueError: The content type is JSON, and the body is not.
    """
    context = event.get("requestContext", {})
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    return {
        "method": context.get("http", {}).get("method", ""),
        "path": event.get("rawPath", ""),
        "query": event.get("queryStringParameters") or {},
        "headers": headers,
        "request_id": context.get("requestId", ""),
        "body": _body(event, headers.get("content-type", "")),
    }


def _body(event: dict[str, Any], content_type: str) -> Any:
    body: str | bytes | None = event.get("body")
    if not body:
        return None
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        return json.loads(body)
    if isinstance(body, bytes):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body
    return body


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
