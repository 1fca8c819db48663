"""Google's APIs on loopback, as far as they are called, with a state of their own.

Bodies are read into the messages that Google publishes: a field that an API does not
have is refused, as there.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from fake_cloud import Answer, FakeCloud, Refused
from google.cloud.artifactregistry_v1 import Repository
from google.cloud.devtools.cloudbuild_v1 import Build
from google.cloud.run_v2 import Job
from google.cloud.scheduler_v1 import Job as Timer
from google.protobuf import json_format

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = "my-project"
REGION = "us-central1"
AT = f"projects/{PROJECT}/locations/{REGION}"
TOKEN = "ya29.never-to-be-shown"

Body = dict[str, Any]


class RefusedCall(Refused):
    """An answer that is an error."""

    def __init__(self, code: int, status: str, message: str, **info: Any) -> None:
        error: Body = {"code": code, "message": message, "status": status}
        if info:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "domain": "googleapis.com", **info}]
        super().__init__(code, {"error": error}, message)


def denied(permission: str) -> Refused:
    """Return what IAM answers if a permission is missing."""
    return RefusedCall(
        403,
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '//x' (or it may not exist).",
        reason="IAM_PERMISSION_DENIED",
        metadata={"permission": permission, "resource": "x"},
    )


def _missing(name: str) -> Refused:
    return RefusedCall(404, "NOT_FOUND", f"{name} not found")


def _checked(kind: Any, body: Body) -> Body:
    """Return a body as the API would answer it; unknown fields are refused."""
    try:
        message = kind.from_json(json.dumps(body))
    except json_format.ParseError as error:
        raise RefusedCall(400, "INVALID_ARGUMENT", str(error)) from error
    told: Body = json.loads(
        kind.to_json(message, always_print_fields_with_no_presence=False)
    )
    return told


class FakeGoogle(FakeCloud):
    """The state of a project, and a server that changes it.

    Attributes:
        permission: What the refusal says is missing. None: it gives no details.
        unsettled: How often an account is not known yet where it is named.
        lagging: How often an API that was enabled says that it is not, by its name.
        build_fails: Whether builds fail.
        build_polls: How often a build is asked for before it ends.
        docker: The folder of a docker that pushes here.
    """

    def __init__(self) -> None:
        self.enabled: set[str] = {"storage.googleapis.com"}
        self.resources: dict[str, Body] = {}
        self.policies: dict[str, Body] = {}
        self.objects: dict[tuple[str, str], bytes] = {}
        self.operations: dict[str, Body] = {}
        self.builds: list[Body] = []
        self.permission: str | None = "some.thing.create"
        self.unsettled = 0
        self.lagging: dict[str, int] = {}
        self.build_fails = False
        self.build_polls = 0
        self.docker: Path | None = None
        super().__init__()

    def forget(self) -> None:
        """Be a new project again, with no API enabled."""
        self.enabled = {"storage.googleapis.com"}
        for each in (self.resources, self.policies, self.objects, self.operations):
            each.clear()
        self.changes.clear()

    def answer(self, method: str, url: str, body: bytes, headers: Any) -> Answer:
        """Answer a request."""
        path = unquote(urlsplit(url).path)
        query = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
        query["names"] = ",".join(parse_qs(urlsplit(url).query).get("names", []))
        if path == "/token":
            kind = "urn:ietf:params:oauth:token-type:access_token"
            told = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return 200, {**told, "issued_token_type": kind}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise RefusedCall(401, "UNAUTHENTICATED", "Request had no credentials.")
        return self.counted(
            method, path, lambda: self._route(method, path, query, body, headers)
        )

    def refusal(self) -> Refused:
        if self.permission is None:
            return RefusedCall(403, "PERMISSION_DENIED", "The caller may not do this.")
        return denied(self.permission)

    def _route(
        self, method: str, path: str, query: Body, body: bytes, headers: Any
    ) -> Answer:
        for pattern, function in ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                kind = headers.get("Content-Type", "")
                if "upload" in path:
                    return function(self, found, query, body, kind)
                return function(self, found, query, json.loads(body or b"{}"), kind)
        raise AssertionError(f"the fake does not know {method} {path}")

    def need(self, api: str) -> None:
        """Refuse if an API is not enabled, or was only just now."""
        name = f"{api}.googleapis.com"
        lagging = self.lagging.get(name, 0)
        if lagging and name in self.enabled:
            self.lagging[name] = lagging - 1
        if lagging or name not in self.enabled:
            raise RefusedCall(
                403,
                "PERMISSION_DENIED",
                f"{api} API has not been used in project {PROJECT} before",
                reason="SERVICE_DISABLED",
                metadata={"service": f"{api}.googleapis.com"},
            )

    def account(self, email: str) -> None:
        """Refuse if a service account does not exist."""
        path = f"projects/{PROJECT}/serviceAccounts/{email}"
        if self.unsettled > 0:
            self.unsettled -= 1
        elif path in self.resources:
            return
        raise RefusedCall(
            400, "INVALID_ARGUMENT", f"Service account {email} does not exist"
        )

    def granted(self, path: str, role: str, email: str) -> bool:
        """Tell whether an account has a role on something."""
        return any(
            each["role"] == role and f"serviceAccount:{email}" in each["members"]
            for each in self.policies.get(path, {}).get("bindings", [])
        )

    def take_pushed(self, package: str) -> None:
        """Take what docker pushed, if it did."""
        state = self.docker and self.docker / "state.json"
        if not state or not state.exists():
            return
        told = json.loads(state.read_text())
        for reference in told.get("pushed", []):
            name = f"{package}/tags/{reference.rpartition(':')[2]}"
            version = f"{package}/versions/{told['images'][reference]['Id']}"
            self.resources[name] = {"name": name, "version": version}

    def create(self, path: str, body: Body) -> None:
        """Note a new resource."""
        if path in self.resources:
            raise RefusedCall(409, "ALREADY_EXISTS", f"{path} already exists")
        self.resources[path] = body

    def get(self, path: str) -> Body:
        """Return a resource."""
        if path not in self.resources:
            raise _missing(path)
        return self.resources[path]

    def remove(self, path: str) -> None:
        """Forget a resource and all in it."""
        self.get(path)
        for there in [
            p for p in self.resources if p == path or p.startswith(f"{path}/")
        ]:
            del self.resources[there]
        self.policies.pop(path, None)


def _operation(kind: str, response: Body) -> Body:
    return {
        "name": f"{AT}/operations/done",
        "done": True,
        "response": {"@type": f"type.googleapis.com/{kind}", **response},
    }


def _batch_get(fake: FakeGoogle, _m: Any, query: Body, _body: Body, _k: str) -> Answer:
    names = query["names"].split(",")
    return 200, {
        "services": [
            {
                "name": name,
                "state": "ENABLED"
                if name.rpartition("/")[2] in fake.enabled
                else "DISABLED",
            }
            for name in names
        ]
    }


def _batch_enable(fake: FakeGoogle, _m: Any, _q: Body, body: Body, _k: str) -> Answer:
    fake.enabled |= set(body["serviceIds"])
    return 200, _operation("google.api.serviceusage.v1.BatchEnableServicesResponse", {})


def _new_account(fake: FakeGoogle, match: Any, _q: Body, body: Body, _k: str) -> Answer:
    fake.need("iam")
    name = body["accountId"]
    assert re.fullmatch(r"[a-z][-a-z0-9]{4,28}[a-z0-9]", name), name
    email = f"{name}@{PROJECT}.iam.gserviceaccount.com"
    account = {"email": email, **body["serviceAccount"]}
    fake.create(f"{match['path']}/{email}", account)
    return 200, account


def _new_repository(
    fake: FakeGoogle, m: Any, query: Body, body: Body, _k: str
) -> Answer:
    fake.need("artifactregistry")
    told = _checked(Repository, body)
    fake.create(f"{m['path']}/{query['repositoryId']}", told)
    return 200, _operation("google.devtools.artifactregistry.v1.Repository", {})


def _new_job(fake: FakeGoogle, match: Any, query: Body, body: Body, _k: str) -> Answer:
    fake.need("run")
    told = _checked(Job, body)
    _check_job(fake, told)
    fake.create(f"{match['path']}/{query['jobId']}", told)
    return 200, _operation("google.cloud.run.v2.Job", {})


def _change_job(fake: FakeGoogle, match: Any, _q: Body, body: Body, _k: str) -> Answer:
    told = _checked(Job, body)
    _check_job(fake, told)
    fake.get(match["path"])
    fake.resources[match["path"]] = told
    return 200, _operation("google.cloud.run.v2.Job", {})


def _check_job(fake: FakeGoogle, job: Body) -> None:
    task = job["template"]["template"]
    fake.account(task["serviceAccount"])
    image = task["containers"][0]["image"]
    host, project, repository, name = image.partition("@")[0].split("/")
    assert (host, project) == (f"{REGION}-docker.pkg.dev", PROJECT)
    path = f"{AT}/repositories/{repository}/packages/{name}"
    tags = [
        body for at, body in fake.resources.items() if at.startswith(f"{path}/tags/")
    ]
    version = f"{path}/versions/{image.partition('@')[2]}"
    if version not in [tag["version"] for tag in tags]:
        raise RefusedCall(400, "INVALID_ARGUMENT", f"Image '{image}' not found.")


def _new_timer(fake: FakeGoogle, _m: Any, _q: Body, body: Body, _k: str) -> Answer:
    fake.need("cloudscheduler")
    told = _checked(Timer, body)
    fake.account(told["httpTarget"]["oauthToken"]["serviceAccountEmail"])
    fake.create(f"timers/{told['name']}", told)
    return 200, told


def _change_timer(
    fake: FakeGoogle, match: Any, _q: Body, body: Body, _k: str
) -> Answer:
    told = _checked(Timer, body)
    fake.get(f"timers/{match['path']}")
    fake.resources[f"timers/{match['path']}"] = told
    return 200, told


def _new_build(fake: FakeGoogle, _m: Any, _q: Body, body: Body, _k: str) -> Answer:
    fake.need("cloudbuild")
    build = _checked(Build, body)
    email = build["serviceAccount"].rpartition("/")[2]
    fake.account(email)
    source = build["source"]["storageSource"]
    content = fake.objects[source["bucket"], source["object"]]
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        names = archive.getnames()
    assert "Dockerfile" in names
    assert ".env" not in names
    number = len(fake.builds)
    fake.builds.append({**build, "names": names})
    about = {"id": f"b{number}", "logUrl": f"https://console.example/builds/b{number}"}
    kind = "type.googleapis.com/google.devtools.cloudbuild.v1"
    running: Body = {
        "name": f"operations/build/b{number}",
        "metadata": {"@type": f"{kind}.BuildOperationMetadata", "build": about},
    }
    repository = f"{AT}/repositories/{build['images'][0].split('/')[2]}"
    may = fake.granted(repository, "roles/artifactregistry.writer", email)
    may = may and fake.granted(f"b/{source['bucket']}", "roles/storage.admin", email)
    if fake.build_fails or not may:
        log = (
            "Step 4/9 : RUN pip install -r /tmp/requirements.txt\n"
            "ERROR: No matching distribution found for absent-thing==9\n"
            "from https://joe:hunter2@index.example/simple\n"
        )
        fake.objects[source["bucket"], f"log-b{number}.txt"] = log.encode()
        end: Body = {"error": {"code": 2, "message": "build step 0 failed"}}
    else:
        image, tag = build["images"][0].rsplit(":", 1)
        package = f"{repository}/packages/{image.rpartition('/')[2]}"
        version = hashlib.sha256(content + b"%d" % number).hexdigest()
        fake.resources[f"{package}/tags/{tag}"] = {
            "name": f"{package}/tags/{tag}",
            "version": f"{package}/versions/sha256:{version}",
        }
        end = {"response": {"@type": f"{kind}.Build", "id": about["id"]}}
    fake.operations[running["name"]] = {**running, "done": True, **end}
    return 200, running


def _get_operation(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    told = fake.operations[match["path"]]
    if fake.build_polls > 0:
        fake.build_polls -= 1
        running = {key: told[key] for key in ("name", "metadata")}
        bucket = next(bucket for bucket, _ in fake.objects)
        log = f"Step {9 - fake.build_polls}/9 : RUN pip install\n\n"
        name = f"log-{told['metadata']['build']['id']}.txt"
        fake.objects[bucket, name] = (
            fake.objects.get((bucket, name), b"") + log.encode()
        )
        return 200, running
    return 200, told


def _get(api: str, prefix: str = "") -> Callable[..., Answer]:
    def function(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
        fake.need(api)
        return 200, fake.get(prefix + match["path"])

    return function


def _delete(
    api: str, prefix: str = "", kind: str | None = None
) -> Callable[..., Answer]:
    def function(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
        fake.need(api)
        fake.remove(prefix + match["path"])
        return 200, {} if kind is None else _operation(kind, {})

    return function


def _tags(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    fake.need("artifactregistry")
    fake.take_pushed(match["path"])
    tags = [
        r for p, r in fake.resources.items() if p.startswith(f"{match['path']}/tags/")
    ]
    if not tags:
        raise _missing(match["path"])
    return 200, {"tags": tags}


def _get_policy(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    fake.get(match["path"])
    return 200, fake.policies.get(match["path"], {"etag": "AA==", "version": 1})


def _set_policy(fake: FakeGoogle, match: Any, _q: Body, body: Body, _k: str) -> Answer:
    fake.get(match["path"])
    policy = body.get("policy", body)
    before = fake.policies.get(match["path"], {"etag": "AA=="})
    if policy.get("etag") != before["etag"]:
        raise RefusedCall(409, "ABORTED", "There were concurrent policy changes.")
    for binding in policy.get("bindings", []):
        for member in binding["members"]:
            fake.account(member.partition(":")[2])
    etag = base64.b64encode(b"%d" % len(fake.changes)).decode()
    fake.policies[match["path"]] = {**policy, "etag": etag}
    return 200, fake.policies[match["path"]]


def _new_bucket(fake: FakeGoogle, _m: Any, query: Body, body: Body, _k: str) -> Answer:
    assert query["project"] == PROJECT
    assert body["iamConfiguration"]["publicAccessPrevention"] == "enforced"
    fake.create(f"b/{body['name']}", {"location": body.get("location"), **body})
    return 200, fake.resources[f"b/{body['name']}"]


def _upload(fake: FakeGoogle, match: Any, _q: Body, body: bytes, kind: str) -> Answer:
    boundary = re.search(r'boundary="?([^";]+)', kind)
    assert boundary
    parts = body.split(b"--" + boundary[1].encode())
    about = json.loads(parts[1].split(b"\r\n\r\n", 1)[1])
    content = parts[2].split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    fake.get(match["path"])
    fake.objects[match["bucket"], about["name"]] = content
    return 200, {"name": about["name"], "bucket": match["bucket"]}


def _download(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    found = fake.objects.get((match["bucket"], match["name"]))
    if found is None:
        raise _missing(match["name"])
    return 200, found


def _objects(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    fake.get(match["path"])
    names = [name for bucket, name in fake.objects if bucket == match["bucket"]]
    return 200, {"items": [{"name": name, "bucket": match["bucket"]} for name in names]}


def _delete_object(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    if fake.objects.pop((match["bucket"], match["name"]), None) is None:
        raise _missing(match["name"])
    return 204, b""


def _delete_bucket(fake: FakeGoogle, match: Any, _q: Body, _b: Body, _k: str) -> Answer:
    if any(bucket == match["bucket"] for bucket, _ in fake.objects):
        raise RefusedCall(
            409, "CONFLICT", "The bucket you tried to delete is not empty."
        )
    fake.remove(match["path"])
    return 204, b""


_REPOSITORY = r"(?P<path>projects/[^/]+/locations/[^/]+/repositories/[^/:]+)"
_JOB = r"(?P<path>projects/[^/]+/locations/[^/]+/jobs/[^/:]+)"
_PARENT = r"(?P<path>projects/[^/]+/locations/[^/]+/{})"
_BUCKET = r"(?P<path>b/(?P<bucket>[^/]+))"
ROUTES: list[tuple[str, Callable[..., Answer]]] = [
    (r"GET /v1/projects/[^/]+/services:batchGet", _batch_get),
    (r"POST /v1/projects/[^/]+/services:batchEnable", _batch_enable),
    (r"POST /v1/(?P<path>projects/[^/]+/serviceAccounts)", _new_account),
    (r"GET /v1/(?P<path>projects/[^/]+/serviceAccounts/[^/]+)", _get("iam")),
    (r"DELETE /v1/(?P<path>projects/[^/]+/serviceAccounts/[^/]+)", _delete("iam")),
    (rf"POST /v1/{_PARENT.format('repositories')}", _new_repository),
    (rf"GET /v1/{_REPOSITORY}", _get("artifactregistry")),
    (
        rf"DELETE /v1/{_REPOSITORY}",
        _delete("artifactregistry", kind="google.protobuf.Empty"),
    ),
    (rf"GET /v1/{_REPOSITORY}:getIamPolicy", _get_policy),
    (rf"POST /v1/{_REPOSITORY}:setIamPolicy", _set_policy),
    (rf"GET /v1/{_REPOSITORY[:-1]}/packages/[^/]+)/tags", _tags),
    (rf"POST /v1/{_PARENT.format('builds')}", _new_build),
    (r"GET /v1/(?P<path>operations/.*)", _get_operation),
    (rf"POST /v2/{_PARENT.format('jobs')}", _new_job),
    (rf"GET /v2/{_JOB}", _get("run")),
    (rf"PATCH /v2/{_JOB}", _change_job),
    (rf"DELETE /v2/{_JOB}", _delete("run", kind="google.cloud.run.v2.Job")),
    (rf"GET /v2/{_JOB}:getIamPolicy", _get_policy),
    (rf"POST /v2/{_JOB}:setIamPolicy", _set_policy),
    (rf"POST /v1/{_PARENT.format('jobs')}", _new_timer),
    (rf"GET /v1/{_JOB}", _get("cloudscheduler", "timers/")),
    (rf"PATCH /v1/{_JOB}", _change_timer),
    (rf"DELETE /v1/{_JOB}", _delete("cloudscheduler", "timers/")),
    (r"POST /storage/v1/b", _new_bucket),
    (rf"GET /storage/v1/{_BUCKET}", _get("storage")),
    (rf"DELETE /storage/v1/{_BUCKET}", _delete_bucket),
    (rf"GET /storage/v1/{_BUCKET}/iam", _get_policy),
    (rf"PUT /storage/v1/{_BUCKET}/iam", _set_policy),
    (rf"GET /storage/v1/{_BUCKET}/o", _objects),
    (rf"DELETE /storage/v1/{_BUCKET}/o/(?P<name>.+)", _delete_object),
    (rf"POST /upload/storage/v1/{_BUCKET}/o", _upload),
    (rf"GET /download/storage/v1/{_BUCKET}/o/(?P<name>.+)", _download),
]
