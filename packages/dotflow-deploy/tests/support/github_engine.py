"""An interpreter of the jobs of GitHub Actions, as far as compiled ones use it.

It follows https://docs.github.com/actions/reference/workflow-syntax-for-github-actions.
Steps that use an action, and those that install, are left out.
"""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

JOB = {"name", "runs-on", "timeout-minutes", "needs", "if", "steps"}


def check(jobs):
    """Refuse jobs that GitHub would refuse."""
    assert 0 < len(jobs) <= 256
    for name, job in jobs.items():
        assert re.fullmatch(r"[A-Za-z_][\w-]{0,99}", name), name
        assert set(job) <= JOB
        assert set(job.get("needs", ())) <= set(jobs)
        assert 0 < job.get("timeout-minutes", 360) <= 360
        # A reference to a job that is not needed would be empty.
        assert set(re.findall(r"needs\.([\w-]+)\.", job.get("if", ""))) <= set(
            job.get("needs", ())
        )


class Run:
    """One run of jobs.

    Args:
        jobs: The jobs.
        contexts: The values of expressions such as `github.run_id`.
        env: The environment of the machine.
        folder: Where it has the code.
        threads: Whether jobs run at the same time, or one after the other.
    """

    def __init__(self, jobs, *, contexts, env, folder, threads=False):
        check(jobs)
        self.jobs = jobs
        self.contexts = contexts
        self.env = env
        self.folder = folder
        self.threads = threads
        self.output = {}

    def run(self):
        """Run them; return their results by name."""
        results = {}
        while len(results) < len(self.jobs):
            ready = [
                name
                for name, job in self.jobs.items()
                if name not in results and set(job.get("needs", ())) <= results.keys()
            ]
            with ThreadPoolExecutor(len(ready) if self.threads else 1) as pool:
                ends = list(pool.map(self._job, ready, [results] * len(ready)))
            results |= zip(ready, ends, strict=True)
        return results

    def _job(self, name, results):
        job = self.jobs[name]
        if not self._wanted(job, results):
            return "skipped"
        for step in job["steps"]:
            if "uses" in step or "shell" not in step:
                continue
            assert step["shell"] == "bash"
            extra = {k: self._text(v) for k, v in step["env"].items()}
            script = self._text(step["run"])
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                cwd=self.folder,
                env=self.env | extra,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
            )
            self.output[name] = done.stdout
            if done.returncode:
                return "failure"
        return "success"

    def _wanted(self, job, results):
        if "if" not in job:
            # `success()`: all that it needs, directly or not.
            return all(results[up] == "success" for up in self._ancestors(job))
        text = job["if"].removeprefix("${{").removesuffix("}}").strip()
        text = text.replace("!cancelled()", "True").replace("&&", "and")
        text = re.sub(
            r"needs\.([\w-]+)\.result", lambda found: repr(results[found[1]]), text
        )
        return eval(text, {"__builtins__": {}})

    def _ancestors(self, job):
        found, waiting = set(), list(job.get("needs", ()))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self.jobs[name].get("needs", ())
        return found

    def _text(self, text):
        def value(found):
            for part in map(str.strip, found[1].split("||")):
                if part.startswith("'"):
                    return part[1:-1]
                if self.contexts.get(part):
                    return self.contexts[part]
            return ""

        return re.sub(r"\${{(.*?)}}(?!')", value, str(text))
