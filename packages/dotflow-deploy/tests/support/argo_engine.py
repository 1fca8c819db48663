"""An interpreter of Argo Workflows, as far as compiled manifests use it.

It follows https://argo-workflows.readthedocs.io/en/latest/fields/ and refuses what it
does not know.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
TEMPLATE = {"name", "inputs", "container", "retryStrategy", "activeDeadlineSeconds"}
STATES = ("Succeeded", "Failed", "Errored", "Skipped", "Omitted", "Daemoned")


def check(manifest):
    """Refuse a manifest that Argo would refuse."""
    assert manifest["apiVersion"] == "argoproj.io/v1alpha1"
    assert manifest["kind"] == "Workflow"
    spec = manifest["spec"]
    templates = {one["name"]: one for one in spec["templates"]}
    assert len(templates) == len(spec["templates"])
    dag = templates[spec["entrypoint"]]["dag"]
    names = [task["name"] for task in dag["tasks"]]
    assert len(set(names)) == len(names)
    for task in dag["tasks"]:
        assert re.fullmatch(NAME, task["name"]), task["name"]
        assert len(task["name"]) <= 63
        template = templates[task["template"]]
        assert set(template) <= TEMPLATE
        wanted = {one["name"] for one in template["inputs"]["parameters"]}
        assert {p["name"] for p in task["arguments"]["parameters"]} == wanted
        for up, state in _parts(task.get("depends", "")):
            assert up in names
            assert state in STATES
    for template in templates.values():
        strategy = template.get("retryStrategy")
        if strategy:
            assert int(strategy["limit"]) > 0
            assert strategy["retryPolicy"] == "Always"
            backoff = strategy.get("backoff", {"duration": "1s"})
            assert set(backoff) <= {"duration", "factor", "cap"}
            for field in ("duration", "cap"):
                assert re.fullmatch(r"\d+(ms|s)", backoff.get(field, "1s"))


def _parts(expression):
    return re.findall(r"([\w-]+)\.(\w+)", expression)


class Execution:
    """Runs a manifest once.

    Args:
        manifest: The manifest.
        run: Called as `run(command, env, seconds)` for a container; it returns the exit
            code.
        uid: The uid of the workflow.
        sleep: Called with the seconds before another attempt.
        threads: Whether tasks run at the same time, or one after the other.
    """

    def __init__(self, manifest, run, *, uid, sleep, threads=False):
        check(manifest)
        spec = manifest["spec"]
        self.templates = {one["name"]: one for one in spec["templates"]}
        self.dag = self.templates[spec["entrypoint"]]["dag"]
        self.container = run
        self.uid = uid
        self.sleep = sleep
        self.threads = threads

    def run(self):
        """Run it; return the states of its tasks by name."""
        waiting = {task["name"]: task for task in self.dag["tasks"]}
        states = {}
        while waiting:
            failed = any(state in ("Failed", "Errored") for state in states.values())
            ready = []
            for name, task in list(waiting.items()):
                needed = task.get("depends", "")
                if {up for up, _ in _parts(needed)} <= states.keys():
                    del waiting[name]
                    halted = failed and self.dag["failFast"]
                    if halted or (needed and not self._holds(needed, states)):
                        states[name] = "Omitted"
                    else:
                        ready.append(task)
            if self.threads and ready:
                with ThreadPoolExecutor(len(ready)) as pool:
                    ends = list(pool.map(self._task, ready))
            else:
                ready, rest = ready[:1], ready[1:]
                waiting |= {task["name"]: task for task in rest}
                ends = [self._task(task) for task in ready]
            for task, end in zip(ready, ends, strict=True):
                states[task["name"]] = end
        return states

    def _holds(self, expression, states):
        text = re.sub(
            r"([\w-]+)\.(\w+)",
            lambda found: str(states[found[1]] == found[2]),
            expression,
        )
        text = text.replace("&&", "and").replace("||", "or")
        return eval(text, {"__builtins__": {}})

    def _task(self, task):
        template = self.templates[task["template"]]
        values = {
            f"inputs.parameters.{one['name']}": one["value"]
            for one in task["arguments"]["parameters"]
        } | {"workflow.uid": self.uid}
        container = template["container"]
        command = [
            self._filled(part, values)
            for part in [*container["command"], *container["args"]]
        ]
        strategy = template.get("retryStrategy")
        left = int(strategy["limit"]) if strategy else 0
        backoff = (strategy or {}).get("backoff", {"duration": "0s"})
        wait = self._seconds(backoff["duration"])
        while True:
            code = self.container(command, template.get("activeDeadlineSeconds"))
            if code == 0:
                return "Succeeded"
            if not left or not self._again(strategy["expression"], code):
                return "Failed"
            left -= 1
            self.sleep(wait)
            wait *= int(backoff.get("factor", 1))
            if "cap" in backoff:
                wait = min(wait, self._seconds(backoff["cap"]))

    @staticmethod
    def _seconds(text):
        return int(text[:-2]) / 1000 if text.endswith("ms") else int(text[:-1])

    @staticmethod
    def _filled(text, values):
        filled = re.sub(r"{{([^}]*)}}", lambda found: values[found[1].strip()], text)
        # What Kubernetes then does with a container's arguments.
        return filled.replace("$$(", "$(")

    @staticmethod
    def _again(expression, code):
        text = expression.replace("||", " or ").replace("&&", " and ")
        text = re.sub(r"!(?!=)", " not ", text)
        last = type("Last", (), {"status": "Failed", "exitCode": str(code)})
        return eval(text, {"__builtins__": {}}, {"lastRetry": last, "asInt": int})
