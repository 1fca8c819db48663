"""Compiled workflows run with every step in a process of its own, as platforms do it."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from textwrap import dedent

import pytest

from dotflow_deploy.compile.argo import Pods, manifest
from dotflow_deploy.compile.asl import state_machine
from dotflow_deploy.compile.github_jobs import Runner, jobs
from dotflow_deploy.compile.google_workflows import definition

RUN = "9bb1ee35-7b8b-4f53-a0d2-5a5f0f8b1a11"
TOTAL = "the total: $(HOME) 'ü' \""

LAMBDA = """
    import json, sys
    from dotflow_aws import task_handler
    from flows import build
    try:
        answer = task_handler(build)(json.load(sys.stdin))
    except Exception as error:
        print(json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}))
        sys.exit(1)
    print(json.dumps(answer))
"""
SERVICE = """
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
    from dotflow.serving import task_app
    from flows import build

    class Server(ThreadingMixIn, WSGIServer):
        pass

    class Quiet(WSGIRequestHandler):
        def log_message(self, *arguments):
            pass

    server = make_server("127.0.0.1", 0, task_app(build), Server, Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def no_wait(seconds):
    assert seconds >= 0


class StepFunctions:
    """Runs the workflow as a state machine with a process a call of the function."""

    def __init__(self, place, request):
        pytest.importorskip("dotflow_aws")
        self.place = place
        self.engine = request.getfixturevalue("asl_engine")

    def run(self, input=None, **options):
        machine = json.loads(json.dumps(state_machine(self.place.plan(**options), "f")))
        execution = self.engine.Execution(
            machine, self._invoke, name=RUN, input=input, sleep=no_wait, threads=True
        )
        try:
            execution.run()
        except self.engine.StateError:
            return False
        return True

    def _invoke(self, function, payload, seconds):
        done = self.place.python(LAMBDA, input=json.dumps(payload))
        last = done.stdout.splitlines()[-1:]
        if not last or not last[0].startswith("{"):
            raise self.engine.StateError("Runtime.ExitError", done.stderr)
        answer = json.loads(last[0])
        if done.returncode:
            raise self.engine.StateError(answer["errorType"], answer["errorMessage"])


class GoogleWorkflows:
    """Runs the workflow as Google does, with requests to a service on loopback."""

    def __init__(self, place, request):
        self.place = place
        self.engine = request.getfixturevalue("google_engine")

    def run(self, input=None, **options):
        made = json.loads(json.dumps(definition(self.place.plan(**options))))
        with self._service() as url:
            execution = self.engine.Execution(
                made,
                self._post,
                env={
                    "DOTFLOW_TASK_URL": url,
                    "GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID": RUN,
                },
                input=input,
                sleep=no_wait,
                threads=True,
            )
            try:
                execution.run()
            except self.engine.Raised:
                return False
            return True

    @contextlib.contextmanager
    def _service(self):
        process = subprocess.Popen(
            [sys.executable, "-c", dedent(SERVICE)],
            cwd=self.place.folder,
            env=self.place.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.kill()
            process.communicate()

    def _post(self, url, body, seconds):
        request = urllib.request.Request(url, json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                assert json.load(answer)["status"] in ("Completed", "Skipped")
        except urllib.error.HTTPError as error:
            with error:
                raise self.engine.Raised({"code": error.code}) from error


class Argo:
    """Runs the workflow as Argo does, with a child process for each container."""

    def __init__(self, place, request):
        self.place = place
        self.engine = request.getfixturevalue("argo_engine")

    def run(self, **options):
        plan = self.place.plan(**options)
        made = manifest(plan, Pods("shop", "flows:build", "shop:1"))
        execution = self.engine.Execution(
            json.loads(json.dumps(made)),
            lambda command, seconds: self.place.process(command).returncode,
            uid=RUN,
            sleep=no_wait,
            threads=True,
        )
        states = execution.run()
        return "Failed" not in states.values()


class GitHub:
    """Runs the workflow as GitHub does, its scripts in bash."""

    def __init__(self, place, request):
        self.place = place
        self.engine = request.getfixturevalue("github_engine")

    def run(self, **options):
        plan = self.place.plan(**options)
        made = jobs(plan, Runner("shop", "flows:build"))
        contexts = {"github.repository_id": "7", "github.run_id": "42"}
        run = self.engine.Run(
            json.loads(json.dumps(made)),
            contexts=contexts,
            env=self.place.env,
            folder=self.place.folder,
            threads=True,
        )
        self.results = run.run()
        return "failure" not in self.results.values()


PLATFORMS = [StepFunctions, GoogleWorkflows, Argo, GitHub]


@pytest.fixture(params=PLATFORMS, ids=lambda kind: kind.__name__)
def platform(request, place):
    """Give each platform."""
    return request.param(place, request)


def run_of(platform):
    return "shop-7-42" if isinstance(platform, GitHub) else RUN


def start(place, *options):
    return place.process(["dotflow", "start", "-w", "flows:build", *options])


def test_results_and_attempts_are_those_of_start(platform, place, by_start):
    """Steps in processes leave the same results, after as many attempts, as `start`."""
    done = start(by_start, "--workflow-id", "it")
    assert done.returncode == 0, done.stderr
    assert platform.run()
    expected = by_start.results("it")
    assert expected["load"] == {"smallest": 1, TOTAL: 12}
    assert place.results(run_of(platform)) == expected
    assert place.attempts() == by_start.attempts()
    assert place.attempts()["smallest"] == 2


def test_failure_ends_the_run_and_start_goes_on_from_there(platform, place, by_start):
    """What fails for good is attempted as often as it should, and a resume mends it."""
    for one in (place, by_start):
        (one.folder / "broken").touch()
    assert start(by_start, "--workflow-id", "it").returncode == 1
    assert not platform.run()
    assert place.attempts() == by_start.attempts()
    assert place.attempts()["total"] == 2
    assert "load" not in place.attempts()
    (place.folder / "broken").unlink()

    done = start(place, "--workflow-id", run_of(platform), "--resume")
    assert done.returncode == 0, done.stderr
    assert place.attempts() == by_start.attempts() | {"total": 3, "load": 1}


@pytest.mark.sampled(2)
def test_platform_goes_on_where_start_has_failed(platform, place):
    """A run that `start` began is completed by steps, and nothing is repeated."""
    (place.folder / "broken").touch()
    assert start(place, "--workflow-id", run_of(platform)).returncode == 1
    (place.folder / "broken").unlink()
    before = place.attempts()
    assert platform.run()
    assert place.attempts() == before | {"total": 3, "load": 1}


@pytest.mark.sampled(2)
def test_no_further_attempt_where_none_can_help(platform, place):
    """An exception that `retry_on` does not name is not tried again by the platform."""
    (place.folder / "hopeless").touch()
    assert not platform.run()
    assert place.attempts()["load"] == 1


@pytest.mark.sampled(2)
def test_rest_runs_where_the_run_keeps_going(platform, place):
    """With `keep_going` what does not depend on a failed task runs, and the run fails."""
    (place.folder / "broken").touch()
    assert not platform.run(keep_going=True)
    assert place.results(run_of(platform)).keys() == {"extract", "smallest", "double"}
    assert place.attempts()["total"] == 2
    assert "load" not in place.attempts()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.sampled(3)
def test_random_graphs_come_to_the_same_as_start(platform, place, by_start, seed):
    """Of any graph and any failures, processes leave what `start` leaves."""
    choose = random.Random(seed)
    tasks = [
        {
            "depends_on": choose.choice(
                [None, sorted(choose.sample(range(n), choose.randint(0, min(n, 2))))]
            ),
            "failures": choose.choice([0, 0, 0, 1, 99]),
            "retry": choose.randint(1, 3),
            "final": choose.random() < 0.2,
        }
        for n in range(6)
    ]
    for one in (place, by_start):
        one.put(tasks)
    done = start(by_start, "--workflow-id", "it", "--keep-going")
    assert platform.run(keep_going=True) is (done.returncode == 0)
    assert place.results(run_of(platform)) == by_start.results("it")
    assert place.attempts() == by_start.attempts()


@pytest.mark.parametrize("kind", [StepFunctions, Argo, GitHub])
def test_process_that_dies_is_tried_again(kind, place, request):
    """A step whose process is killed counts as an attempt, and another follows."""
    (place.folder / "crash").touch()
    platform = kind(place, request)
    assert platform.run()
    assert place.attempts()["smallest"] == 2


@pytest.mark.parametrize("kind", [StepFunctions, GoogleWorkflows])
def test_input_of_an_execution_reaches_tasks(kind, place, request):
    """What an execution is started with is the initial context of its tasks."""
    assert kind(place, request).run(input={"numbers": [5, 6]})
    assert place.results(RUN)["load"] == {"smallest": 5, TOTAL: 22}


def test_second_run_on_github_goes_on(place, request):
    """*Re-run failed jobs* repeats no step that is completed."""
    (place.folder / "broken").touch()
    platform = GitHub(place, request)
    assert not platform.run()
    assert platform.results["load"] == "skipped"
    (place.folder / "broken").unlink()
    before = place.attempts()
    assert platform.run()
    assert set(platform.results.values()) == {"success"}
    assert place.attempts() == before | {"total": 3, "load": 1}


def test_results_pass_through_a_bucket(place, request):
    """Steps with no disk in common, as on Lambda, share S3, and nothing else."""
    pytest.importorskip("flask")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        place.env |= {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        made = place.python(
            "import boto3; boto3.client('s3').create_bucket(Bucket='results')"
        )
        assert made.returncode == 0, made.stderr
        place.env["DOTFLOW_STORAGE"] = "s3://results/dotflow"
        assert StepFunctions(place, request).run()
        done = start(
            place, "--workflow-id", RUN, "--resume", "-o", "s3://results/dotflow"
        )
        assert done.returncode == 0, done.stderr
        assert not (place.folder / "results.db").exists()
        assert place.attempts() == {
            "extract": 1,
            "smallest": 2,
            "double": 3,
            "total": 1,
            "load": 1,
        }
    finally:
        server.stop()
