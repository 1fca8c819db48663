"""A `docker` that keeps images, volumes and containers in a file, and writes calls down.

`FAKE_DOCKER` names its folder. `state.json` there may have `daemon: false`, `buildx`,
`compose: false`, `passwords` by registry, and `fail`: the names of commands of which the
next one fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

HOME = Path(os.environ["FAKE_DOCKER"])
STATE = HOME / "state.json"
BOOLEAN = {"-a", "-q", "-aq", "-d", "--load", "--pull", "--no-cache", "--no-trunc"}
BOOLEAN |= {"--password-stdin", "--no-build", "--remove-orphans", "--force"}
BOOLEAN |= {"--provenance=false", "--quiet"}


def fail(reason: str, code: int = 1) -> Any:
    sys.stderr.write(f"{reason}\n")
    raise SystemExit(code)


def parse(words: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the plain arguments, and the options with their values."""
    plain: list[str] = []
    options: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        if word in BOOLEAN:
            options.setdefault(word, [])
        elif word.startswith("-") and word != "-":
            options.setdefault(word, []).append(next(rest))
        else:
            plain.append(word)
    return plain, options


def labels(options: dict[str, list[str]], key: str = "--label") -> dict[str, str]:
    given = options.get(key, [])
    return dict(text.removeprefix("label=").split("=", 1) for text in given)


def matches(thing: dict[str, Any], options: dict[str, list[str]]) -> bool:
    wanted = labels({"--filter": options.get("--filter", [])}, "--filter")
    return wanted.items() <= thing["labels"].items()


class Docker:
    """What the daemon knows."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state
        self.images: dict[str, Any] = state.setdefault("images", {})
        self.volumes: dict[str, Any] = state.setdefault("volumes", {})
        self.containers: dict[str, Any] = state.setdefault("containers", {})

    def info(self, words: list[str], text: str) -> None:
        print(json.dumps({"ServerVersion": "28"}))

    def buildx(self, words: list[str], text: str) -> None:
        if not self.state.get("buildx"):
            fail("docker: unknown command: docker buildx")
        if words[0] == "build":
            self.build(words[1:], text)

    def build(self, words: list[str], text: str) -> None:
        (context,), options = parse(words)
        total = hashlib.sha256(json.dumps(labels(options)).encode())
        for path in sorted(Path(context).rglob("*")):
            if path.is_file():
                total.update(path.read_bytes())
        if not (Path(context) / "Dockerfile").is_file():
            fail("failed to read dockerfile: open Dockerfile: no such file")
        print("#1 installing dependencies")
        (tag,) = options["--tag"]
        found = {"labels": labels(options), "Id": f"sha256:{total.hexdigest()}"}
        self.images[tag] = found

    def login(self, words: list[str], text: str) -> None:
        (registry,), options = parse(words)
        if self.state.get("passwords", {}).get(registry) != text:
            fail(f"denied: {text} is not the password")
        self.state.setdefault("logins", {})[registry] = options["--username"][0]

    def push(self, words: list[str], text: str) -> None:
        (reference,), _ = parse(words)
        registry = reference.partition("/")[0]
        if reference not in self.images:
            fail(f"An image does not exist locally with the tag: {reference}")
        needs = self.state.get("passwords", {})
        if registry in needs and registry not in self.state.get("logins", {}):
            fail("denied: requested access to the resource is denied")
        self.state.setdefault("pushed", []).append(reference)

    def image(self, words: list[str], text: str) -> None:
        plain, options = parse(words[1:])
        if words[0] == "ls":
            for name, image in self.images.items():
                if matches(image, options):
                    print(f"{name} {image['Id']}")
        elif words[0] == "rm":
            for name in plain:
                if any(c["Config"]["Image"] == name for c in self.containers.values()):
                    fail(f"Error: conflict: unable to remove {name}: it is used")
                if self.images.pop(name, None) is None:
                    fail(f"Error: No such image: {name}")
        else:
            fail(f"unexpected: image {words}", 64)

    def volume(self, words: list[str], text: str) -> None:
        plain, options = parse(words[1:])
        if words[0] == "ls":
            print("\n".join(self.volumes))
        elif words[0] == "inspect":
            (name,) = plain
            if name not in self.volumes:
                fail(f"Error: No such volume: {name}")
            print(json.dumps([{"Name": name, "Labels": self.volumes[name] or None}]))
        elif words[0] == "create":
            self.volumes[plain[0]] = labels(options)
        elif words[0] == "rm":
            del self.volumes[plain[0]]
        else:
            fail(f"unexpected: volume {words}", 64)

    def ps(self, words: list[str], text: str) -> None:
        _, options = parse(words)
        for name, container in self.containers.items():
            if matches({"labels": container["Config"]["Labels"]}, options):
                print(name)

    def inspect(self, words: list[str], text: str) -> None:
        plain, _ = parse(words)
        print(json.dumps([self.containers[name] for name in plain]))

    def compose(self, words: list[str], text: str) -> None:
        if self.state.get("compose") is False:
            fail("docker: unknown command: docker compose")
        if words == ["version"]:
            print("Docker Compose version v2.40.0")
            return
        plain, options = parse(words)
        (project,) = options["--project-name"]
        mark = "com.docker.compose.project"
        of_project = [
            name
            for name, container in self.containers.items()
            if container["Config"]["Labels"].get(mark) == project
        ]
        if plain == ["down"]:
            for name in of_project:
                del self.containers[name]
            return
        if plain != ["up"] or options["--file"] != ["-"]:
            fail(f"unexpected: compose {words}", 64)
        config = json.loads(text)
        for volume in config["volumes"].values():
            if volume["name"] not in self.volumes:
                fail(f"external volume {volume['name']!r} not found")
        for service, wanted in config["services"].items():
            if wanted["image"] not in self.images:
                fail(f"No such image: {wanted['image']}")
            env = {
                name: re.sub(r"\$\{(\w+)\}", lambda m: os.environ[m[1]], value)
                for name, value in wanted["environment"].items()
            }
            self.containers[f"{project}-{service}-1"] = {
                "Name": f"/{project}-{service}-1",
                "Image": self.images[wanted["image"]]["Id"],
                "State": {"Status": "running", "ExitCode": 0},
                "Config": {
                    "Image": wanted["image"],
                    "Env": [f"{name}={value}" for name, value in env.items()],
                    "Labels": {**wanted["labels"], mark: project},
                    "Cmd": wanted.get("command"),
                },
            }


def main(words: list[str]) -> None:
    state = json.loads(STATE.read_text()) if STATE.is_file() else {}
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    files = sorted(p.as_posix() for p in Path().rglob("*") if p.is_file())
    call = {"argv": words, "stdin": text, "env": dict(os.environ)}
    call["files"] = files if "build" in words else []
    with (HOME / "calls.jsonl").open("a") as log:
        log.write(json.dumps(call) + "\n")
    if state.get("daemon") is False:
        fail("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.")
    name = " ".join(words)
    for pattern in state.get("fail", []):
        if re.search(pattern, name):
            state["fail"].remove(pattern)
            STATE.write_text(json.dumps(state))
            fail(f"Error response from daemon: {pattern} did not work")
    getattr(Docker(state), words[0])(words[1:], text)
    STATE.write_text(json.dumps(state))


if __name__ == "__main__":
    main(sys.argv[1:])
