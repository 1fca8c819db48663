"""What is told of a run cannot end it: closed streams, handlers and providers that raise."""

from __future__ import annotations

import json
import logging

import pytest

from dotflow import Config, DotFlow, Pipeline, action
from dotflow.providers import LogDefault
from dotflow.testing import RecordingNotify

BREAKS = {
    "closed": "sys.stdout.close(); sys.stderr.close()",
    "gone": "sys.stdout = sys.stderr = None",
    "replaced": "sys.stdout = sys.stderr = object()",
    "descriptors": "os.close(1); os.close(2)",
    "raising": "sys.stdout = sys.stderr = Raising()",
}
SCRIPT = """
import json
from dotflow import Config, DotFlow, Pipeline, action
from dotflow.pipeline.hooks import fn_hook

class Raising:
    def write(self, *_given):
        raise RuntimeError

    flush = close = isatty = write

def fail(*_given, **_named):
    raise ValueError("told of")

@action
def breaks():
    BREAKS

@action(retry=2, retry_delay=0)
def fails():
    raise ValueError("odd \\ud800")

@action
def works():
    return 1

mode = sys.argv[1]
if mode == "pipeline":
    pipeline = Pipeline("p", hooks=[fn_hook(on_task_start=fail, on_dag_end=fail)])
    for step in (breaks, fails, works):
        pipeline.task(step.__name__)(step.func)
    tasks = pipeline.run()["tasks"]
    statuses = [task["status"].title() for task in tasks.values()]
    statuses = [status.replace("Success", "Completed") for status in statuses]
else:
    flow = DotFlow()
    flow.task.add([breaks, fails, works], callback=fail)
    flow.start(mode=mode, keep_going=True, on_success=fail, on_failure=fail).wait()
    statuses = [task.status for task in flow.result_task()]
(HERE / "statuses").write_text(json.dumps(statuses))
os._exit(0)
"""


@pytest.mark.parametrize("mode", ["sequential", "background", "threads", "pipeline"])
@pytest.mark.parametrize("broken", BREAKS)
def test_a_step_that_breaks_the_streams(broken, mode, script):
    """A step that closes or replaces standard output and error ends no run."""
    made = script(SCRIPT.replace("BREAKS", BREAKS[broken]))
    made.run(mode)
    statuses = json.loads((made.folder / "statuses").read_text())
    assert statuses == ["Completed", "Failed", "Completed"]


class Raising(logging.Handler):
    """A handler whose file is full, as it were."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def handle(self, record):
        raise self.error


@pytest.fixture(params=[OSError, SystemExit])
def handler(request):
    """A handler that raises, at both of the loggers that dotflow writes to."""
    made = Raising(request.param)
    names = ("dotflow", "dotflow.pipeline")
    for name in names:
        logging.getLogger(name).addHandler(made)
        logging.getLogger(name).setLevel("DEBUG")
    yield made
    for name in names:
        logging.getLogger(name).removeHandler(made)
        logging.getLogger(name).setLevel("NOTSET")


class RaisingNotify(RecordingNotify):
    """A notifier that is not even to be asked."""

    @property
    def active(self):
        raise RuntimeError

    def hook_status_task(self, task):
        raise RuntimeError


def test_a_handler_that_raises(handler, mode):
    """A handler of the application that raises, or exits, ends no run."""

    def fails():
        raise ValueError

    config = Config(log=LogDefault(level="DEBUG"), notify=RaisingNotify())
    workflow = DotFlow(config)
    workflow.task.add(action(fails), depends_on=[])
    workflow.task.add(action(lambda: 1), name="works", depends_on=[])
    workflow.start(mode=mode, keep_going=True).wait()
    assert [task.status for task in workflow.result_task()] == ["Failed", "Completed"]


def test_a_pipelines_handler_that_raises(handler):
    """Nor does it end the run of a pipeline."""
    pipeline = Pipeline("p", config=Config(notify=RaisingNotify()))
    pipeline.task("works")(lambda: 1)
    assert pipeline.run()["status"] == "SUCCESS"


def test_a_pipelines_logger_that_cannot_be_asked():
    """A logger of the user's that raises when it is asked for its level ends no run."""

    class Broken(logging.Logger):
        def isEnabledFor(self, level):  # noqa: N802 - the name is logging's
            raise ValueError("broken")

    pipeline = Pipeline("p", logger=Broken("broken"))
    pipeline.task(name="work")(lambda: 1)
    assert pipeline.run()["tasks"]["work"]["result"] == 1
