"""A workflow to run in a process of its own: `program.py MODE START_METHOD WHAT`."""

import json
import multiprocessing
import os
import sys
import time

import sentry_sdk

from dotflow import Config, DotFlow, action
from dotflow.providers import StorageSQLite
from dotflow_sentry import LogSentry, TracerSentry

MODE, START_METHOD, WHAT = sys.argv[1:4]
# Not an argument: the SDK reports those of the program.
DSN = os.environ["PROGRAM_DSN"]

if WHAT == "own":
    # At the top of the module, where a spawned worker does it as well.
    sentry_sdk.init(dsn=DSN, traces_sample_rate=1.0, environment="mine")


@action
def extract():
    if WHAT == "own":
        sentry_sdk.capture_message("said by the step")
    return os.getpid()


@action(retry=2, retry_delay=0)
def load(extract):
    if WHAT == "interrupted":
        raise KeyboardInterrupt
    if WHAT == "prints":
        print("\x1b[31mlast words\x1b[0m")
    try:
        int("seven")
    except ValueError as error:
        raise LookupError("no such table") from error


def main():
    if START_METHOD != "none":
        multiprocessing.set_start_method(START_METHOD)
    # The log comes first, and with it the rate that the SDK is initialised with.
    log = LogSentry(dsn=DSN, environment="tests")
    tracer = TracerSentry(dsn=DSN)
    config = Config(log=log, tracer=tracer)
    if WHAT == "prints":
        config.storage = StorageSQLite("runs.db")
    flow = DotFlow(config=config, workflow_id="w1")
    flow.task.add(step=extract)
    flow.task.add(step=load, depends_on=["extract"])
    started = time.monotonic()
    try:
        if WHAT == "called":
            with sentry_sdk.start_transaction(op="http", name="caller", sampled=True):
                flow.start(mode=MODE)
        else:
            done = flow.start(mode=MODE)
            if MODE == "background":
                done.wait()
    except KeyboardInterrupt:
        print(json.dumps("interrupted"))
        return
    seconds = time.monotonic() - started
    statuses = [task.status for task in flow.result_task()]
    print(repr(log), repr(tracer), repr(flow.config), str(flow.result()))
    print(json.dumps({"statuses": statuses, "seconds": seconds}))


if __name__ == "__main__":
    main()
