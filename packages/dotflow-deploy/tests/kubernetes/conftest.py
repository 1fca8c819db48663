"""An API server of Kubernetes on loopback, for the real kubectl."""

from __future__ import annotations

import copy
import json
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    "serviceaccounts": ("v1", "ServiceAccount"),
    "secrets": ("v1", "Secret"),
    "pods": ("v1", "Pod"),
    "jobs": ("batch/v1", "Job"),
    "cronjobs": ("batch/v1", "CronJob"),
}
VERBS = ["create", "delete", "get", "list", "update", "watch"]
OBJECT = re.compile(
    r"/(?:api/v1|apis/batch/v1)/namespaces/(?P<space>[^/]+)/(?P<kind>[^/]+)(?:/(?P<name>[^/]+))?"
)
REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "AlreadyExists",
    422: "Invalid",
    500: "InternalError",
}


class Server:
    """What the cluster has, what it was asked, and what it is to refuse."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.namespaces = {"default", "team"}
        self.requests: list[tuple[str, str]] = []
        self.refuse: dict[int, int] = {}
        self.logged_out = False
        self.version = 0
        self.lock = threading.Lock()

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """The requests that have changed something, or tried to."""
        return [request for request in self.requests if request[0] != "GET"]

    def names(self, space: str = "default") -> set[str]:
        """Return what is in a namespace: `"jobs/shop"`."""
        return {
            f"{kind}/{name}" for where, kind, name in self.objects if where == space
        }

    def one(self, kind: str, space: str = "default") -> dict[str, Any]:
        """Return the one object of a kind."""
        (found,) = (
            each
            for (where, what, _), each in self.objects.items()
            if (where, what) == (space, kind)
        )
        return found

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
        if self.logged_out:
            return refusal(401, "Unauthorized")
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if (found := discovery(parts.path)) is not None:
            return 200, found
        match = OBJECT.fullmatch(parts.path)
        if match is None or match["kind"] not in KINDS:
            return refusal(404, f"no {parts.path} here")
        space, kind, name = match["space"], match["kind"], match["name"]
        self.requests.append((method, f"{kind}/{name or ''}"))
        number = len(self.mutations)
        if method != "GET" and number in self.refuse:
            code = self.refuse.pop(number)
            return refusal(code, f'User "me" cannot {method} resource "{kind}"')
        if method == "GET" and name is None:
            return 200, self.listed(space, kind, query)
        if method == "POST":
            return self.create(space, kind, json.loads(body))
        key = (space, kind, str(name))
        if key not in self.objects:
            return refusal(404, f'{kind} "{name}" not found')
        if method == "DELETE":
            gone = self.objects.pop(key)
            return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success"} | {
                "details": {"name": name, "uid": gone["metadata"]["uid"]}
            }
        if method == "PUT":
            return self.replace(key, json.loads(body))
        return 200, self.objects[key]

    def listed(
        self, space: str, kind: str, query: dict[str, list[str]]
    ) -> dict[str, Any]:
        found = [
            each
            for (where, what, _), each in self.objects.items()
            if (where, what) == (space, kind)
        ]
        for text in query.get("labelSelector", []):
            wanted = dict(pair.split("=", 1) for pair in text.split(","))
            found = [
                each
                for each in found
                if wanted.items() <= (each["metadata"].get("labels") or {}).items()
            ]
        for text in query.get("fieldSelector", []):
            name = text.removeprefix("metadata.name=")
            found = [each for each in found if each["metadata"]["name"] == name]
        version, one = KINDS[kind]
        metadata = {"resourceVersion": str(self.version)}
        return {
            "kind": f"{one}List",
            "apiVersion": version,
            "metadata": metadata,
            "items": found,
        }

    def create(
        self, space: str, kind: str, made: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        name = made["metadata"]["name"]
        if space not in self.namespaces:
            return refusal(404, f'namespaces "{space}" not found')
        if (space, kind, name) in self.objects:
            return refusal(409, f'{kind} "{name}" already exists')
        version, one = KINDS[kind]
        made = self.stored({"apiVersion": version, "kind": one, **made})
        made["metadata"] |= {"namespace": space, "uid": f"uid-{self.version}"}
        self.objects[space, kind, name] = made
        return 201, made

    def replace(
        self, key: tuple[str, str, str], made: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        old = self.objects[key]
        if key[1] == "jobs" and made["spec"]["template"] != old["spec"]["template"]:
            return refusal(422, "spec.template: field is immutable")
        made = self.stored(made)
        made["metadata"] |= {"namespace": key[0], "uid": old["metadata"]["uid"]}
        self.objects[key] = made
        return 200, made

    def stored(self, made: dict[str, Any]) -> dict[str, Any]:
        """Return what the cluster makes of an object: with defaults, and normalized."""
        text = re.sub(
            r'"(\d+)Mi"',
            lambda m: f'"{int(m[1]) // 1024}Gi"' if int(m[1]) % 1024 == 0 else m[0],
            json.dumps(made),
        )
        made = copy.deepcopy(json.loads(text))
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        spec = made.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template", {})
        if template:
            template["spec"]["dnsPolicy"] = "ClusterFirst"
            template["spec"]["containers"][0]["terminationMessagePolicy"] = "File"
            made["status"] = {}
        return made


def refusal(code: int, message: str) -> tuple[int, dict[str, Any]]:
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": REASONS[code],
        "message": message,
    }


def discovery(path: str) -> dict[str, Any] | None:
    """Return what kubectl asks before all else: what the server has."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        version = {"groupVersion": "batch/v1", "version": "v1"}
        group = {"name": "batch", "versions": [version], "preferredVersion": version}
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
    if path in ("/api/v1", "/apis/batch/v1"):
        group_version = path.split("/", 2)[2]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": group_version,
            "resources": [
                {
                    "name": name,
                    "singularName": kind.lower(),
                    "namespaced": True,
                    "kind": kind,
                    "verbs": VERBS,
                }
                for name, (version, kind) in KINDS.items()
                if version == group_version
            ],
        }
    return None


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve an empty cluster that kubectl's current context leads to."""
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # head and body in one packet
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            with server.lock:
                code, found = server.answer(self.command, self.path, body)
            content = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815 - http.server's

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here"}}],
            "clusters": [
                {
                    "name": "here",
                    "cluster": {"server": f"http://127.0.0.1:{http.server_port}"},
                }
            ],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(path))
        monkeypatch.setenv("HOME", str(tmp_path))
        yield server
        http.shutdown()
        thread.join()
