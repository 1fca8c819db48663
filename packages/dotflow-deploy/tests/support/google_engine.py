"""An interpreter of Google Workflows, as far as compiled definitions use it.

It refuses what it does not know, and what is over the limits of the platform. It follows
https://cloud.google.com/workflows/docs/reference/syntax.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

STEP = {"assign", "call", "args", "result", "try", "retry", "except", "parallel"}
STEP |= {"switch", "return", "raise", "steps", "next"}


class Raised(Exception):
    """What a step has raised: a map, or a text."""

    def __init__(self, value):
        super().__init__(str(value))
        self.value = value


class Returned(Exception):
    """Ends a workflow or a subworkflow with a value."""

    def __init__(self, value):
        super().__init__()
        self.value = value


class Map(dict):
    """A map whose keys are attributes, as in expressions."""

    __getattr__ = dict.__getitem__


def check(definition):
    """Refuse a definition that the platform would refuse."""
    for name, flow in definition.items():
        assert re.fullmatch(r"\w+", name)
        _check_steps(flow["steps"], 0, set())


def _check_steps(steps, depth, seen):
    assert steps, "there has to be a step"
    assert depth <= 2, "parallel steps are within each other at most twice"
    for step in steps:
        assert len(step) == 1, step
        ((name, body),) = step.items()
        assert re.fullmatch(r"[A-Za-z_]\w*", name), name
        assert name not in seen, f"two steps are named {name}"
        seen.add(name)
        assert set(body) <= STEP, (name, body)
        if "call" in body:
            assert body["call"] == "http.post"
            assert 0 < body["args"]["timeout"] <= 1800
        if "try" in body and "steps" in body["try"]:
            _check_steps(body["try"]["steps"], depth, seen)
        if "except" in body:
            _check_steps(body["except"]["steps"], depth, seen)
        if "retry" in body:
            backoff = body["retry"]["backoff"]
            assert backoff["initial_delay"] > 0
            assert backoff["max_delay"] >= backoff["initial_delay"]
            assert backoff["multiplier"] >= 1
        if "parallel" in body:
            branches = body["parallel"]["branches"]
            assert 2 <= len(branches) <= 10
            for branch in branches:
                ((_, inside),) = branch.items()
                _check_steps(inside["steps"], depth + 1, seen)
        for rule in body.get("switch", ()):
            assert len(rule["condition"]) <= 400
            if "steps" in rule:
                _check_steps(rule["steps"], depth, seen)


class Execution:
    """Runs a definition once.

    Args:
        definition: The definition.
        post: Called as `post(url, body, seconds)`; it returns or raises `Raised`.
        env: The environment of the workflow.
        input: Its argument.
        sleep: Called with the seconds before another attempt.
        threads: Whether branches run at the same time, or one after the other.
    """

    def __init__(self, definition, post, *, env, input=None, sleep, threads=False):
        check(definition)
        self.definition = definition
        self.post = post
        self.env = env
        self.input = input
        self.sleep = sleep
        self.threads = threads

    def run(self):
        """Run it; raises `Raised` where it fails."""
        return self._call("main", [self.input])

    def _call(self, name, arguments):
        flow = self.definition[name]
        scope = dict(zip(flow["params"], arguments, strict=True))
        try:
            self._steps(flow["steps"], scope)
        except Returned as end:
            return end.value
        return None

    def _steps(self, steps, scope):
        for step in steps:
            ((_, body),) = step.items()
            self._step(body, scope)

    def _step(self, body, scope):
        if "assign" in body:
            for one in body["assign"]:
                ((name, value),) = one.items()
                scope[name] = self._value(value, scope)
        elif "call" in body:
            self._http(body, scope)
        elif "try" in body:
            self._try(body, scope)
        elif "parallel" in body:
            self._parallel(body["parallel"], scope)
        elif "switch" in body:
            self._switch(body["switch"], scope)
        elif "return" in body:
            raise Returned(self._value(body["return"], scope))
        elif "raise" in body:
            raise Raised(self._value(body["raise"], scope))
        else:
            raise AssertionError(f"unknown step {body}")

    def _http(self, body, scope):
        args = self._value(body["args"], scope)
        assert args["auth"] == {"type": "OIDC"}
        self.post(args["url"], args["body"], args["timeout"])

    def _try(self, body, scope):
        again = body.get("retry")
        count, wait = 0, again["backoff"]["initial_delay"] if again else 0
        while True:
            try:
                inside = body["try"]
                if "steps" in inside:
                    self._steps(inside["steps"], scope)
                else:
                    self._step(inside, scope)
            except Raised as error:
                if again and count < again["max_retries"]:
                    predicate = again["predicate"].strip("${}")
                    if self._call(predicate, [error.value]):
                        count += 1
                        self.sleep(wait)
                        wait *= again["backoff"]["multiplier"]
                        wait = min(wait, again["backoff"]["max_delay"])
                        continue
                if "except" not in body:
                    raise
                caught = scope | {body["except"]["as"]: error.value}
                self._steps(body["except"]["steps"], caught)
                for name in scope:
                    scope[name] = caught[name]
            return

    def _parallel(self, body, scope):
        shared = set(body.get("shared", ()))
        assert shared <= set(scope)

        def run(branch):
            ((_, inside),) = branch.items()
            own, before = dict(scope), dict(scope)
            try:
                self._steps(inside["steps"], own)
            except Raised as error:
                return error
            finally:
                for name in own:
                    # Only what the branch has assigned: others may have meanwhile.
                    changed = name not in before or own[name] is not before[name]
                    assert not changed or name in shared, f"{name} is not shared"
                    if changed:
                        scope[name] = own[name]
            return None

        branches = body["branches"]
        if self.threads:
            with ThreadPoolExecutor(len(branches)) as pool:
                ends = list(pool.map(run, branches))
        else:
            ends = [run(branch) for branch in branches]
        # The platform's only policy: all branches go on to their ends.
        problems = [end for end in ends if end is not None]
        if problems:
            raise problems[0]

    def _switch(self, rules, scope):
        for rule in rules:
            if self._value(rule["condition"], scope):
                if "steps" in rule:
                    self._steps(rule["steps"], scope)
                else:
                    raise Returned(self._value(rule["return"], scope))
                return

    def _value(self, value, scope):
        if isinstance(value, dict):
            return {key: self._value(item, scope) for key, item in value.items()}
        if not isinstance(value, str) or not value.startswith("${"):
            assert not isinstance(value, str) or "${" not in value
            return value
        assert value.endswith("}")
        names = {k: Map(v) if isinstance(v, dict) else v for k, v in scope.items()}
        system = Map(get_env=self.env.__getitem__)
        # Expressions of compiled definitions are those of Python, too.
        return eval(value[2:-1], {"__builtins__": {}}, names | {"sys": system})
