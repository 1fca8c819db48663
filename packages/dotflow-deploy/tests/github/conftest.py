"""GitHub's REST API on loopback, as far as a deployment asks for it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

public = pytest.importorskip("nacl.public")
pytest.importorskip("github")

TOKEN = "gho_t0ken"
Answer = tuple[int, Any]


def sha(kind: str, content: bytes) -> str:
    head = f"{kind} {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


class Repo:
    """A repository: its commits, its secrets and its variables."""

    def __init__(self, name: str, **said: Any) -> None:
        self.name = name
        self.said = said
        self.blobs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, tuple[str, str]]] = {}
        self.commits: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, str] = {}
        self.variables: dict[str, str] = {}
        self.head = ""
        self.push("Initial commit", {"README.md": b"# it\n"})

    def blob(self, content: bytes) -> str:
        name = sha("blob", content)
        self.blobs[name] = content
        return name

    def tree(self, files: dict[str, tuple[str, str]]) -> str:
        name = sha("tree", json.dumps(files, sort_keys=True).encode())
        self.trees[name] = files
        return name

    def commit(self, message: str, tree: str, parents: list[str]) -> str:
        made = {"message": message, "tree": tree, "parents": parents}
        name = sha("commit", json.dumps(made).encode())
        self.commits[name] = made
        return name

    def push(self, message: str, files: dict[str, bytes]) -> None:
        """Commit files besides those that are there, as a user's `git push` does."""
        there = self.entries if self.head else {}
        new = {path: (self.blob(text), "100644") for path, text in files.items()}
        parents = [self.head] if self.head else []
        self.head = self.commit(message, self.tree({**there, **new}), parents)

    @property
    def entries(self) -> dict[str, tuple[str, str]]:
        return self.trees[self.commits[self.head]["tree"]]

    @property
    def files(self) -> dict[str, bytes]:
        """What the last commit has."""
        return {path: self.blobs[name] for path, (name, _) in self.entries.items()}

    @property
    def messages(self) -> list[str]:
        """What the commits say, the last first."""
        found, name = [], self.head
        while name:
            found.append(self.commits[name]["message"])
            name = (self.commits[name]["parents"] or [""])[0]
        return found


class Hub:
    """The server's state, and what it is to refuse."""

    new_repo = Repo

    def __init__(self) -> None:
        self.key = public.PrivateKey.generate()
        self.repos: dict[str, Repo] = {}
        self.mutations: list[str] = []
        self.bodies: list[str] = []
        self.refuse: dict[int, int] = {}
        self.headers: dict[str, str] = {}
        self.url = ""

    def secret(self, repo: str, name: str) -> str:
        """Return what a run would get."""
        sealed = base64.b64decode(self.repos[repo].secrets[name])
        text: bytes = public.SealedBox(self.key).decrypt(sealed)
        return text.decode()

    def answer(self, method: str, path: str, body: Any) -> Answer:
        if method != "GET":
            self.mutations.append(f"{method} {path}")
            self.bodies.append(json.dumps(body))
            if code := self.refuse.pop(len(self.mutations), None):
                return code, {"message": "Resource not accessible"}
        if path == "/user":
            return 200, {"login": "me", "url": f"{self.url}/user", "type": "User"}
        if path == "/user/repos":
            if f"me/{body['name']}" in self.repos:
                return 422, {"message": "name already exists on this account"}
            name = f"me/{body.pop('name')}"
            repo = self.repos[name] = Repo(name, **body)
            return 201, self.described(repo)
        found = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path)
        if found is None or found[1] not in self.repos:
            return 404, {"message": "Not Found"}
        repo = self.repos[found[1]]
        if found[2] is None:
            return 200, self.described(repo)
        for pattern, handle in self.routes(repo).items():
            if match := re.fullmatch(pattern, f"{method} {found[2]}"):
                return handle(body, *match.groups())
        return 501, {"message": f"unexpected: {method} {path}"}

    def described(self, repo: Repo) -> dict[str, Any]:
        return {
            "name": repo.name.partition("/")[2],
            "full_name": repo.name,
            "url": f"{self.url}/repos/{repo.name}",
            "html_url": f"https://github.example/{repo.name}",
            "default_branch": "main",
            "description": repo.said.get("description"),
            "private": repo.said.get("private", False),
        }

    def routes(self, repo: Repo) -> dict[str, Callable[..., Answer]]:
        return {
            r"GET /contents/(.+)": lambda _, path: self.content(repo, path),
            r"GET /branches/main": lambda _: (
                200,
                {"name": "main", "commit": self.committed(repo, repo.head)},
            ),
            r"GET /git/trees/(\w+)": lambda _, name: self.listed(repo, name),
            r"GET /git/refs?/heads/main": lambda _: (200, self.ref(repo)),
            r"GET /git/commits/(\w+)": lambda _, n: (200, self.committed(repo, n)),
            r"POST /git/blobs": lambda body: (
                201,
                {"sha": repo.blob(base64.b64decode(body["content"]))},
            ),
            r"POST /git/trees": lambda body: self.planted(repo, body),
            r"POST /git/commits": lambda body: self.made(repo, body),
            r"PATCH /git/refs/heads/main": lambda body: self.moved(repo, body),
            r"GET /actions/secrets": lambda _: (
                200,
                {
                    "total_count": len(repo.secrets),
                    "secrets": [{"name": name} for name in repo.secrets],
                },
            ),
            r"GET /actions/secrets/public-key": lambda _: (
                200,
                {
                    "key_id": "1",
                    "key": base64.b64encode(bytes(self.key.public_key)).decode(),
                },
            ),
            r"(GET|PUT|DELETE) /actions/secrets/(\w+)": (
                lambda body, verb, name: self.one_secret(repo, body, verb, name)
            ),
            r"POST /actions/variables": lambda body: (
                repo.variables.setdefault(body["name"], body["value"]) and (201, {})
            ),
            r"(GET|PATCH|DELETE) /actions/variables/(\w+)": (
                lambda body, verb, name: self.one_variable(repo, body, verb, name)
            ),
        }

    def content(self, repo: Repo, path: str) -> Answer:
        if path not in repo.files:
            return 404, {"message": "Not Found"}
        text = base64.b64encode(repo.files[path]).decode()
        said = {"type": "file", "encoding": "base64", "content": text, "path": path}
        return 200, {**said, "url": f"{self.url}/repos/{repo.name}/contents/{path}"}

    def committed(self, repo: Repo, name: str) -> dict[str, Any]:
        commit = repo.commits[name]
        where = f"{self.url}/repos/{repo.name}/git"
        tree = {"sha": commit["tree"], "url": f"{where}/trees/{commit['tree']}"}
        return {"sha": name, "url": f"{where}/commits/{name}", "tree": tree}

    def listed(self, repo: Repo, name: str) -> Answer:
        tree = repo.trees[repo.commits[name]["tree"] if name in repo.commits else name]
        entries = [
            {"path": path, "mode": mode, "type": "blob", "sha": blob}
            for path, (blob, mode) in tree.items()
        ]
        return 200, {"sha": name, "tree": entries, "truncated": False}

    def ref(self, repo: Repo) -> dict[str, Any]:
        where = f"{self.url}/repos/{repo.name}/git/refs/heads/main"
        target = {"type": "commit", "sha": repo.head}
        return {"ref": "refs/heads/main", "url": where, "object": target}

    def planted(self, repo: Repo, body: Any) -> Answer:
        files = dict(repo.trees[body["base_tree"]])
        for entry in body["tree"]:
            if "content" in entry:
                files[entry["path"]] = (
                    repo.blob(entry["content"].encode()),
                    entry["mode"],
                )
            elif entry["sha"] is None:
                del files[entry["path"]]
            else:
                files[entry["path"]] = (entry["sha"], entry["mode"])
        return 201, {"sha": repo.tree(files), "tree": []}

    def made(self, repo: Repo, body: Any) -> Answer:
        name = repo.commit(body["message"], body["tree"], body["parents"])
        return 201, self.committed(repo, name)

    def moved(self, repo: Repo, body: Any) -> Answer:
        if repo.head not in repo.commits[body["sha"]]["parents"]:
            return 422, {"message": "Update is not a fast forward"}
        repo.head = body["sha"]
        return 200, self.ref(repo)

    def one_secret(self, repo: Repo, body: Any, verb: str, name: str) -> Answer:
        if verb == "PUT":
            repo.secrets[name] = body["encrypted_value"]
            return 201, {}
        if name not in repo.secrets:
            return 404, {"message": "Not Found"}
        if verb == "DELETE":
            del repo.secrets[name]
            return 204, None
        where = f"{self.url}/repos/{repo.name}/actions/secrets/{name}"
        return 200, {"name": name, "url": where}

    def one_variable(self, repo: Repo, body: Any, verb: str, name: str) -> Answer:
        if name not in repo.variables:
            return 404, {"message": "Not Found"}
        if verb == "DELETE":
            del repo.variables[name]
            return 204, None
        if verb == "PATCH":
            repo.variables[name] = body["value"]
            return 204, None
        where = f"{self.url}/repos/{repo.name}/actions/variables/{name}"
        return 200, {"name": name, "value": repo.variables[name], "url": where}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve a GitHub without repositories, and have a token for it."""
    hub = Hub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        wbufsize = -1  # head and body in one packet
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = unquote(urlsplit(self.path).path)
            if self.headers.get("authorization", "").endswith(f" {TOKEN}"):
                with lock:
                    code, found = hub.answer(
                        self.command, path, json.loads(raw) if raw else None
                    )
            else:
                code, found = 401, {"message": "Bad credentials"}
            content = b"" if found is None else json.dumps(found).encode()
            self.send_response(code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            for name, value in hub.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        hub.url = f"http://127.0.0.1:{http.server_port}"
        monkeypatch.setenv("GITHUB_API_URL", hub.url)
        monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
        yield hub
        http.shutdown()
        thread.join()
