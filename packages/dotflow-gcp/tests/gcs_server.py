"""A process that serves the JSON API of GCS until its standard input is closed.

There is an emulator on PyPI, `gcp-storage-emulator`; it knows no preconditions, which
half of these tests are about. This one serves what `StorageGCS` uses, by the reference
at https://cloud.google.com/storage/docs/json_api: buckets (insert), objects (media and
resumable insert, get, list with pages, delete), `ifGenerationMatch`, and checksums.
"""

from __future__ import annotations

import base64
import email
import hashlib
import itertools
import json
import os
import re
import sys
import threading
import time
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c

PAGE = 1000
BUCKETS: dict[str, dict[str, dict]] = {}
UPLOADS: dict[str, dict] = {}
LOCK = threading.Lock()
GENERATIONS = itertools.count(time.time_ns() // 1000)


class Refused(Exception):
    def __init__(self, status, message):
        self.status = status
        self.message = message


def bucket_of(name):
    if name not in BUCKETS:
        raise Refused(404, "The specified bucket does not exist.")
    return BUCKETS[name]


def object_of(bucket, name):
    found = bucket_of(bucket).get(name)
    if found is None:
        raise Refused(404, f"No such object: {bucket}/{name}")
    return found


def check_generation(objects, name, query):
    wanted = query.get("ifGenerationMatch")
    stored = objects.get(name)
    if wanted is not None and int(wanted) != (stored["generation"] if stored else 0):
        raise Refused(412, "At least one of the pre-conditions did not hold.")


def insert(bucket, resource, data, query):
    """Store an object in one step, and return its resource."""
    objects = bucket_of(bucket)
    name = resource.get("name") or query["name"]
    if not name or len(name.encode()) > 1024 or "\n" in name or name in (".", ".."):
        raise Refused(400, "Invalid object name.")
    check_generation(objects, name, query)
    objects[name] = {
        "name": name,
        "data": data,
        "generation": next(GENERATIONS),
        "metadata": resource.get("metadata"),
    }
    return describe(bucket, objects[name])


def checksums(data):
    """Return the CRC32C and the MD5, which Google's client compares with its own."""
    found = google_crc32c.Checksum(data).digest(), hashlib.md5(data).digest()
    return [base64.b64encode(digest).decode() for digest in found]


def describe(bucket, stored):
    crc32c, md5 = checksums(stored["data"])
    resource = {
        "kind": "storage#object",
        "bucket": bucket,
        "name": stored["name"],
        "generation": str(stored["generation"]),
        "metageneration": "1",
        "size": str(len(stored["data"])),
        "crc32c": crc32c,
        "md5Hash": md5,
        "contentType": "application/json",
    }
    if stored["metadata"]:
        resource["metadata"] = stored["metadata"]
    return resource


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("content_type", "application/json; charset=UTF-8")
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        if len(self.body) < length:
            self.close_connection = True
            return None  # the upload broke off
        url = urlsplit(self.path)
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        try:
            for pattern, method, function in ROUTES:
                found = re.fullmatch(pattern, url.path)
                if found and method == self.command:
                    with LOCK:
                        return function(self, *map(unquote, found.groups()))
            raise Refused(404, f"No route: {self.command} {url.path}")
        except Refused as error:
            problem = {"code": error.status, "message": error.message}
            self.answer(error.status, {"error": problem})

    do_DELETE = do_GET = do_POST = do_PUT = handle_request  # noqa: N815

    def make_bucket(self):
        name = json.loads(self.body)["name"]
        BUCKETS[name] = {}
        self.answer(200, {"kind": "storage#bucket", "name": name})

    def list_objects(self, bucket):
        prefix = self.query.get("prefix", "")
        after = self.query.get("pageToken", "")
        size = min(int(self.query.get("maxResults", PAGE)), PAGE)
        names = sorted(bucket_of(bucket), key=str.encode)
        names = [name for name in names if name.startswith(prefix) and name > after]
        page = [describe(bucket, BUCKETS[bucket][name]) for name in names[:size]]
        fields = re.search(r"items\(([^)]*)\)", self.query.get("fields", ""))
        if fields:
            wanted = fields[1].split(",")
            page = [{k: v for k, v in item.items() if k in wanted} for item in page]
        answer = {"items": page} if page else {}
        if len(names) > size:
            answer["nextPageToken"] = names[size - 1]
        self.answer(200, answer)

    def get_object(self, bucket, name):
        self.answer(200, describe(bucket, object_of(bucket, name)))

    def delete_object(self, bucket, name):
        stored = object_of(bucket, name)
        check_generation(BUCKETS[bucket], name, self.query)
        del BUCKETS[bucket][stored["name"]]
        self.answer(204)

    def download(self, bucket, name):
        stored = object_of(bucket, name)
        data = stored["data"]
        headers = {
            "X_Goog_Generation": str(stored["generation"]),
            "X_Goog_Metageneration": "1",
            "Content_Type": "application/json",
        }
        some = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if some is None:
            crc32c, md5 = checksums(data)
            headers["X_Goog_Hash"] = f"crc32c={crc32c},md5={md5}"
            self.answer(200, data, **headers)
            return
        start, end = int(some[1]), int(some[2] or len(data))
        if start >= len(data):
            raise Refused(416, "The requested range cannot be satisfied.")
        part = data[start : end + 1]
        place = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
        self.answer(206, part, Content_Range=place, **headers)

    def upload(self, bucket):
        kind = self.query["uploadType"]
        if kind == "multipart":
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            parts = email.message_from_bytes(head + self.body, policy=HTTP)
            about, _content = parts.iter_parts()
            resource = json.loads(about.get_payload(decode=True))
            # Not through the parser, which may change the content's line breaks.
            boundary = parts.get_boundary().encode()
            raw = self.body.split(b"--" + boundary)[2].partition(b"\r\n\r\n")[2]
            content = raw.removesuffix(b"\r\n")
            self.answer(200, insert(bucket, resource, content, self.query))
        elif kind == "resumable":
            resource = json.loads(self.body)
            bucket_of(bucket)
            number = str(next(GENERATIONS))
            UPLOADS[number] = {
                "bucket": bucket,
                "resource": resource,
                "query": self.query,
                "data": b"",
            }
            host = self.headers["Host"]
            path = f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable"
            self.answer(200, Location=f"http://{host}{path}&upload_id={number}")
        else:
            raise Refused(400, f"uploadType={kind}")

    def resume(self, bucket):
        upload = UPLOADS[self.query["upload_id"]]
        place = self.headers["Content-Range"]
        found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)", place)
        if found[1] is not None:
            upload["data"] = upload["data"][: int(found[1])] + self.body
        data = upload["data"]
        if found[3] == str(len(data)):
            stored = insert(bucket, upload["resource"], data, upload["query"])
            self.answer(200, stored)
        else:
            more = {"Range": f"bytes=0-{len(data) - 1}"} if data else {}
            self.answer(308, **more)


OBJECTS = r"(?:/storage/v1)?/b/([^/]+)/o"
ROUTES = [
    (r"(?:/storage/v1)?/b", "POST", Handler.make_bucket),
    (OBJECTS, "GET", Handler.list_objects),
    (OBJECTS + "/([^/]+)", "DELETE", Handler.delete_object),
    (OBJECTS + "/([^/]+)", "GET", Handler.get_object),
    ("/download" + OBJECTS + "/([^/]+)", "GET", Handler.download),
    ("/upload" + OBJECTS, "POST", Handler.upload),
    ("/upload" + OBJECTS, "PUT", Handler.resume),
]


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # a client that was killed


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
os._exit(0)  # a request may be hanging still
