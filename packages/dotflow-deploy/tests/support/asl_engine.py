"""An interpreter of the Amazon States Language, as far as compiled machines use it.

It refuses what it does not know, a field in the wrong state included. It follows
https://states-language.net/spec.html and the limits of AWS.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

COMMON = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath"}
FIELDS = {
    "Task": COMMON
    | {"Resource", "Parameters", "ResultPath", "TimeoutSeconds", "Retry", "Catch"},
    "Parallel": COMMON | {"Branches", "ResultPath", "ResultSelector"},
    "Pass": COMMON | {"Result", "ResultPath"},
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Fail": {"Type", "Comment", "Error", "Cause"},
    "Succeed": {"Type", "Comment"},
}
RETRIER = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}


class StateError(Exception):
    """An error with a name, as a state reports it."""

    def __init__(self, name, cause=""):
        super().__init__(f"{name}: {cause}")
        self.name = name


def check(machine, names=None):
    """Refuse a machine that Step Functions would refuse."""
    names = set() if names is None else names
    states = machine["States"]
    assert set(machine) <= {"Comment", "StartAt", "States", "TimeoutSeconds"}
    assert machine["StartAt"] in states
    reached = {machine["StartAt"]}
    for name, state in states.items():
        assert 0 < len(name) <= 80, name
        assert name not in names, f"two states are named {name}"
        names.add(name)
        kind = state["Type"]
        assert set(state) <= FIELDS[kind], (name, set(state) - FIELDS[kind])
        if kind in ("Task", "Parallel", "Pass"):
            assert ("Next" in state) != (state.get("End") is True), name
        following = [state.get("Next"), state.get("Default")]
        following += [rule["Next"] for rule in state.get("Choices", ())]
        following += [catcher["Next"] for catcher in state.get("Catch", ())]
        for after in filter(None, following):
            assert after in states, f"{name} leads to {after}, which is not beside it"
            reached.add(after)
        for place, retrier in enumerate(state.get("Retry", ())):
            assert set(retrier) <= RETRIER
            assert retrier["ErrorEquals"]
            if "States.ALL" in retrier["ErrorEquals"]:
                assert retrier["ErrorEquals"] == ["States.ALL"]
                assert place == len(state["Retry"]) - 1
            for field in ("IntervalSeconds", "MaxDelaySeconds"):
                if field in retrier:
                    assert type(retrier[field]) is int
                    assert retrier[field] > 0
            if "MaxDelaySeconds" in retrier:
                assert retrier["MaxDelaySeconds"] > retrier["IntervalSeconds"]
                assert retrier["MaxDelaySeconds"] < 31_622_400
            assert 0 <= retrier["MaxAttempts"] <= 99_999_999
            assert retrier.get("BackoffRate", 2.0) >= 1.0
            assert retrier.get("JitterStrategy", "NONE") in ("FULL", "NONE")
        if "TimeoutSeconds" in state:
            assert type(state["TimeoutSeconds"]) is int
            assert 0 < state["TimeoutSeconds"] <= 99_999_999
        for branch in state.get("Branches", ()):
            check(branch, names)
    assert reached == set(states), f"never reached: {set(states) - reached}"


class Execution:
    """Runs a machine once.

    Args:
        machine: The definition.
        invoke: Called as `invoke(function, payload, seconds)` for a Lambda function; it
            returns the answer or raises `StateError`.
        name: The name of the execution.
        input: Its input.
        sleep: Called with the seconds before another attempt.
        threads: Whether branches run at the same time, or one after the other.
    """

    def __init__(self, machine, invoke, *, name, input=None, sleep, threads=False):
        check(machine)
        self.machine = machine
        self.invoke = invoke
        self.context = {"Execution": {"Name": name, "Input": input}}
        self.sleep = sleep
        self.threads = threads
        self.largest = 0

    def run(self):
        """Run it; raises `StateError` where it fails."""
        return self._machine(self.machine, self.context["Execution"]["Input"])

    def _machine(self, machine, data):
        name = machine["StartAt"]
        while name is not None:
            state = machine["States"][name]
            self.largest = max(self.largest, len(json.dumps(data)))
            try:
                output = getattr(self, f"_{state['Type'].lower()}")(state, data)
            except StateError as error:
                catcher = self._match(state.get("Catch", ()), error)
                if catcher is None:
                    raise
                assert catcher["ResultPath"] is None
                name = catcher["Next"]
                continue
            if state["Type"] == "Choice":
                name = output
                continue
            data = output
            name = state.get("Next")
        return data

    def _task(self, state, data):
        assert state["Resource"] == "arn:aws:states:::lambda:invoke"
        parameters = self._template(state["Parameters"], data)
        assert len(json.dumps(parameters)) <= 256 * 1024
        tried = {}
        while True:
            try:
                self.invoke(
                    parameters["FunctionName"],
                    parameters["Payload"],
                    state["TimeoutSeconds"],
                )
            except StateError as error:
                retrier = self._match(state.get("Retry", ()), error)
                count = tried.get(id(retrier), 0)
                if retrier is None or count >= retrier["MaxAttempts"]:
                    raise
                tried[id(retrier)] = count + 1
                wait = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** count
                self.sleep(min(wait, retrier.get("MaxDelaySeconds", wait)))
            else:
                assert state["ResultPath"] is None
                return data

    def _parallel(self, state, data):
        branches = state["Branches"]
        if self.threads:
            with ThreadPoolExecutor(len(branches)) as pool:
                waiting = [pool.submit(self._machine, one, data) for one in branches]
            results = [one.result() for one in waiting]
        else:
            results = [self._machine(branch, data) for branch in branches]
        if "ResultSelector" in state:
            return self._template(state["ResultSelector"], results)
        assert state["ResultPath"] is None
        return data

    def _pass(self, state, data):
        assert "ResultPath" not in state
        return state["Result"]

    def _choice(self, state, data):
        for rule in state["Choices"]:
            assert set(rule) == {"Variable", "BooleanEquals", "Next"}
            if self._path(rule["Variable"], data) is rule["BooleanEquals"]:
                return rule["Next"]
        return state["Default"]

    def _fail(self, state, data):
        raise StateError(state["Error"], state["Cause"])

    def _succeed(self, state, data):
        return data

    def _template(self, value, data):
        if isinstance(value, dict):
            return {
                key.removesuffix(".$"): self._path(item, data)
                if key.endswith(".$")
                else self._template(item, data)
                for key, item in value.items()
            }
        return value

    def _path(self, path, data):
        if path.startswith("States.ArrayContains("):
            array, wanted = path[len("States.ArrayContains(") : -1].split(", ")
            found = self._path(array, data)
            return any(one is json.loads(wanted) for one in found)
        if path.startswith("$[*]."):
            key = path[len("$[*].") :]
            return [one[key] for one in data if key in one]
        source = self.context if path.startswith("$$.") else data
        for key in path.lstrip("$").strip(".").split("."):
            source = source[key]
        return source

    @staticmethod
    def _match(rules, error):
        for rule in rules:
            if error.name in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]:
                return rule
        return None
