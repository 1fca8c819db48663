"""Function Compute 3.0 on loopback, as far as it is called, with a state of its own.

Bodies are read into the SDK's models, which are made from Alibaba's description of the
API: a field that there is none of is refused.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from alibabacloud_fc20230330 import models
from fake_cloud import Answer, FakeCloud, Refused

Body = dict[str, Any]
KEY = "LTAI-of-the-tests"


class RefusedCall(Refused):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        body = {"RequestId": "1-2", "Code": code, "Message": message, **more}
        super().__init__(status, body, message)


def _checked(kind: Any, body: Body) -> Body:
    """Return a body if all that it has, at any depth, is a field of the API."""
    told: Body = json.loads(json.dumps(kind().from_map(body).to_map()))
    if told != body:
        raise RefusedCall(400, "InvalidArgument", f"unknown fields in {sorted(body)}")
    return told


class FakeCompute(FakeCloud):
    """The functions of a region, and a server that changes them.

    Attributes:
        action: What the refusal says is missing. None: it does not tell.
        preparing: How often a function is answered as not ready yet.
    """

    def __init__(self) -> None:
        self.functions: dict[str, Body] = {}
        self.code: dict[str, bytes] = {}
        self.triggers: dict[tuple[str, str], Body] = {}
        self.asynchronous: dict[str, Body] = {}
        self.action: str | None = "fc:SomeAction"
        self.preparing = 0
        self.broken = ""
        super().__init__()

    @property
    def empty(self) -> bool:
        """Whether nothing is there."""
        return not (self.functions or self.triggers or self.asynchronous)

    def answer(self, method: str, url: str, body: bytes, headers: Any) -> Answer:
        """Answer a request."""
        path = unquote(urlsplit(url).path)
        signed = re.match(
            r"ACS3-HMAC-SHA256 Credential=([^,]+),", headers.get("Authorization", "")
        )
        if signed is None or signed[1] != KEY:
            raise RefusedCall(
                403,
                "InvalidAccessKeyId.NotFound",
                f"Specified access key is not found: {headers.get('Authorization')}",
            )
        told = self.counted(
            method, path, lambda: self._route(method, path, json.loads(body or b"{}"))
        )
        return (204, b"") if told is None else (200, told)

    def refusal(self) -> Refused:
        text = "The current user has no permission for this."
        if self.action is None:
            return RefusedCall(403, "AccessDenied", text)
        detail = {"AuthAction": self.action, "NoPermissionType": "ImplicitDeny"}
        return RefusedCall(403, "AccessDenied", text, AccessDeniedDetail=detail)

    def _route(self, method: str, path: str, body: Body) -> Any:
        for pattern, function in ROUTES:
            full = pattern.replace(" ", " /2023-03-30/functions", 1)
            if found := re.fullmatch(full, f"{method} {path}"):
                return function(self, found.groups(), body)
        raise AssertionError(f"the fake does not know {method} {path}")

    def function(self, name: str) -> Body:
        """Return a function, or refuse."""
        if name not in self.functions:
            raise RefusedCall(404, "FunctionNotFound", f"function {name} is not found")
        return self.functions[name]

    def keep_code(self, name: str, told: Body) -> None:
        """Unpack the code of a function, which must be a zip."""
        code = told.pop("code", None)
        if code is not None:
            content = base64.b64decode(code["zipFile"])
            assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
            self.code[name] = content


Names = tuple[str, ...]


def _create(fake: FakeCompute, _names: Names, body: Body) -> Body:
    told = _checked(models.CreateFunctionInput, body)
    name = told["functionName"]
    if name in fake.functions:
        raise RefusedCall(
            409, "FunctionAlreadyExists", f"function {name} already exists"
        )
    assert re.fullmatch(r"[A-Za-z_][\w-]{0,63}", name)
    assert told["memorySize"] % 64 == 0
    assert 1 <= told["memorySize"] / 1024 / told["cpu"] <= 4
    assert ("code" in told) != ("customContainerConfig" in told)
    fake.keep_code(name, told)
    fake.functions[name] = told
    return told


def _get(fake: FakeCompute, names: Names, _body: Body) -> Body:
    told = dict(fake.function(names[0]))
    if fake.preparing > 0:
        fake.preparing -= 1
        told["state"] = "Pending"
    elif fake.broken:
        told |= {"state": "Failed", "stateReason": fake.broken}
    else:
        told |= {"state": "Active", "lastUpdateStatus": "Successful"}
    return told


def _update(fake: FakeCompute, names: Names, body: Body) -> Body:
    told = _checked(models.UpdateFunctionInput, body)
    fake.function(names[0])
    fake.keep_code(names[0], told)
    fake.functions[names[0]].update(told)
    return fake.functions[names[0]]


def _delete(fake: FakeCompute, names: Names, _body: Body) -> None:
    fake.function(names[0])
    if any(function == names[0] for function, _ in fake.triggers):
        raise RefusedCall(412, "TriggerNotEmpty", "the function has triggers")
    del fake.functions[names[0]]
    fake.asynchronous.pop(names[0], None)


def _get_async(fake: FakeCompute, names: Names, _body: Body) -> Body:
    fake.function(names[0])
    if names[0] not in fake.asynchronous:
        raise RefusedCall(404, "AsyncConfigNotExists", "there is no async config")
    return fake.asynchronous[names[0]]


def _put_async(fake: FakeCompute, names: Names, body: Body) -> Body:
    fake.function(names[0])
    fake.asynchronous[names[0]] = _checked(models.PutAsyncInvokeConfigInput, body)
    return fake.asynchronous[names[0]]


def _delete_async(fake: FakeCompute, names: Names, _body: Body) -> None:
    _get_async(fake, names, {})
    del fake.asynchronous[names[0]]


def _create_trigger(fake: FakeCompute, names: Names, body: Body) -> Body:
    told = _checked(models.CreateTriggerInput, body)
    fake.function(names[0])
    key = (names[0], told["triggerName"])
    if key in fake.triggers:
        raise RefusedCall(409, "TriggerAlreadyExists", "the trigger already exists")
    _check_timer(told)
    fake.triggers[key] = told
    return told


def _get_trigger(fake: FakeCompute, names: Names, _body: Body) -> Body:
    key = (names[0], names[1])
    if key not in fake.triggers:
        raise RefusedCall(404, "TriggerNotFound", f"trigger {names[1]} is not found")
    return fake.triggers[key]


def _update_trigger(fake: FakeCompute, names: Names, body: Body) -> Body:
    told = _checked(models.UpdateTriggerInput, body)
    _check_timer(told)
    _get_trigger(fake, names, {})
    fake.triggers[names[0], names[1]].update(told)
    return fake.triggers[names[0], names[1]]


def _delete_trigger(fake: FakeCompute, names: Names, _body: Body) -> None:
    _get_trigger(fake, names, {})
    del fake.triggers[names[0], names[1]]


def _check_timer(told: Body) -> None:
    config = json.loads(told["triggerConfig"])
    if not re.fullmatch(r"CRON_TZ=UTC 0( \S+){5}", config["cronExpression"]):
        raise RefusedCall(400, "InvalidArgument", "cronExpression is invalid")


ROUTES: list[tuple[str, Callable[[FakeCompute, Names, Body], Any]]] = [
    (r"POST ", _create),
    (r"GET /([^/]+)", _get),
    (r"PUT /([^/]+)", _update),
    (r"DELETE /([^/]+)", _delete),
    (r"GET /([^/]+)/async-invoke-config", _get_async),
    (r"PUT /([^/]+)/async-invoke-config", _put_async),
    (r"DELETE /([^/]+)/async-invoke-config", _delete_async),
    (r"POST /([^/]+)/triggers", _create_trigger),
    (r"GET /([^/]+)/triggers/([^/]+)", _get_trigger),
    (r"PUT /([^/]+)/triggers/([^/]+)", _update_trigger),
    (r"DELETE /([^/]+)/triggers/([^/]+)", _delete_trigger),
]
