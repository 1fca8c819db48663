"""What the API answers those who look; `None` stands for what is not known."""

from datetime import datetime
from typing import Any

from dotflow_server.answer import Answer


class Reason(Answer):
    """Why a run failed, in one line."""

    task: str
    exception: str
    message: str


class RunRow(Answer):
    """A run in a listing."""

    run_id: str
    workflow: str
    workflow_id: str | None
    mode: str
    status: str
    started: datetime | None
    finished: datetime | None
    duration: float | None
    tasks: int
    host: str
    user: str
    started_by: str
    command: str
    tags: list[str]
    params: dict[str, Any]
    commit: str | None
    parent: str | None
    retry_of: str | None
    resumed_from: str | None
    error: Reason | None = None


class RunList(Answer):
    """A page of runs, newest first."""

    runs: list[RunRow]
    cursor: str | None


class ErrorLine(Answer):
    """An error without its traceback."""

    exception: str
    message: str


class Items(Answer):
    """How far the items of a map are."""

    total: int | None
    done: int
    failed: int
    running: int


class Progress(Answer):
    """How far a step has told to be."""

    done: float
    total: float | None
    text: str


class TaskNode(Answer):
    """A task of a run, as a node of its graph."""

    name: str
    state: str
    kind: str
    group: str
    parent: str | None
    upstream: list[str]
    attempts: int
    started: datetime | None
    finished: datetime | None
    duration: float | None
    waited: float | None
    reason: str
    restored: bool
    cached: bool
    error: ErrorLine | None
    items: Items | None
    progress: Progress | None


class Attempt(Answer):
    """One attempt of a task, or of an item of one, as a bar of the timeline."""

    task: str
    index: int | None
    attempt: int
    started: datetime | None
    finished: datetime | None
    state: str
    waited: float | None
    delay: float | None
    worker: str | None = None
    error: ErrorLine | None


class LastSuccess(Answer):
    """The run before this one that completed."""

    run_id: str
    started: datetime | None
    duration: float | None
    commit: str | None
    params: dict[str, Any]


class May(Answer):
    """What can be done with a run from here."""

    cancel: bool
    retry: bool
    why: str | None


class RunDetail(Answer):
    """All that a run's page opens with."""

    run: RunRow
    identity: dict[str, Any]
    facts: dict[str, Any]
    seq: int
    tasks: list[TaskNode]
    attempts: list[Attempt]
    root_failure: str | None
    last_success: LastSuccess | None
    artifacts_count: int
    children: list[RunRow]
    can: May


class Input(Answer):
    """What an attempt was given, as a preview."""

    name: str
    preview: str


class Output(Answer):
    """What a task returned, as a preview; the value where its runner was to tell it."""

    type: str
    size: int | None
    preview: str | None
    value: str | None


class Frame(Answer):
    """A line of a traceback."""

    file: str
    line: int
    function: str
    code: str
    yours: bool


class Error(Answer):
    """Why a task failed, with where."""

    exception: str
    message: str
    traceback: str
    output: str
    frames: list[Frame]


class ItemTime(Answer):
    """How long an attempt or an item took."""

    index: int | None
    duration: float
    state: str


class ItemFailure(Answer):
    """Why an item of a map failed."""

    index: int | None
    attempt: int
    exception: str
    message: str


class TaskDetail(Answer):
    """What is known of one task of a run."""

    task: TaskNode
    attempts: list[Attempt]
    inputs: list[Input]
    output: Output | None
    error: Error | None
    slowest: list[ItemTime]
    failures: list[ItemFailure]
    children: list[RunRow]


class EventRow(Answer):
    """Something that happened in a run."""

    seq: int
    time: datetime
    event: str
    task: str | None
    attempt: int | None
    index: int | None
    detail: dict[str, Any]


class EventList(Answer):
    """Events in their order, and the last of them."""

    events: list[EventRow]
    next: int


class Line(Answer):
    """A line that a step has printed or logged, as it was: nothing of it is markup."""

    seq: int
    time: datetime
    task: str
    attempt: int | None
    index: int | None
    stream: str
    level: str | None
    text: str


class LineList(Answer):
    """Lines in their order, and the last event that was read."""

    lines: list[Line]
    next: int


class ArtifactRow(Answer):
    """What a step has left to look at; an image is a `data:` address."""

    name: str
    kind: str
    task: str
    attempt: int | None
    index: int | None
    size: int
    time: datetime
    value: Any


class ArtifactList(Answer):
    """What the steps of a run have left."""

    artifacts: list[ArtifactRow]


class FailureRow(Answer):
    """Failures that look like one."""

    workflow: str
    task: str
    error: str
    shape: str
    count: int
    first: datetime
    last: datetime
    run_id: str
    message: str


class FailureList(Answer):
    """Groups of failures, the latest first."""

    groups: list[FailureRow]


class LastRun(Answer):
    """What became of the last run of a schedule."""

    run_id: str | None
    started: datetime
    status: str


class ScheduleRow(Answer):
    """A schedule."""

    name: str
    workflow: str
    cron: str | None
    zone: str | None
    status: str
    paused: bool
    next: list[datetime]
    missed: list[datetime]
    last: LastRun | None
    host: str
    pid: int
    can_run: bool


class ScheduleList(Answer):
    """All schedules."""

    schedules: list[ScheduleRow]


class Late(Answer):
    """A run that was due and did not begin."""

    schedule: str
    due: datetime
    by: float


class Upcoming(Answer):
    """A run that is due."""

    schedule: str
    workflow: str
    next: datetime
    zone: str | None


class Now(Answer):
    """What runs, what failed, what is late, what comes next."""

    counts: dict[str, int]
    running: list[RunRow]
    waiting: list[RunRow]
    failed: list[RunRow]
    late: list[Late]
    upcoming: list[Upcoming]


class WorkflowRow(Answer):
    """A workflow in a listing."""

    name: str
    runs: int
    success_rate: float | None
    last: RunRow | None
    p50: float | None
    p95: float | None
    schedules: list[str]


class WorkflowList(Answer):
    """All workflows."""

    workflows: list[WorkflowRow]


class Duration(Answer):
    """How long one run took."""

    run_id: str
    started: datetime
    duration: float
    status: str


class WorkflowDetail(Answer):
    """A workflow over time."""

    name: str
    counts: dict[str, int]
    success_rate: float | None
    durations: list[Duration]
    p50: float | None
    p95: float | None
    last: RunRow | None
    tasks: list[TaskNode]
    schedules: list[ScheduleRow]


class TaskPoint(Answer):
    """A task in one run of its workflow."""

    run_id: str
    started: datetime | None
    duration: float | None
    state: str


class TaskHistory(Answer):
    """A task over time."""

    points: list[TaskPoint]
    failures: list[FailureRow]
    last_inputs: list[Input]
    slowest: list[ItemTime]


class Pair(Answer):
    """What differs between two runs."""

    name: str
    left: Any
    right: Any


class Side(Answer):
    """A task in one of two runs."""

    state: str
    duration: float | None
    attempts: int


class TaskPair(Answer):
    """A task in two runs, and how much longer the right one took, in seconds."""

    name: str
    left: Side | None
    right: Side | None
    delta: float | None


class Comparison(Answer):
    """Two runs side by side; only what differs of parameters and identity."""

    left: RunRow
    right: RunRow
    params: list[Pair]
    identity: list[Pair]
    tasks: list[TaskPair]


class Can(Answer):
    """What this session may do."""

    cancel: bool
    retry: bool
    schedules: bool
    admin: bool


class Meta(Answer):
    """What is served, from where, and to whom."""

    version: str
    mode: str
    store: str
    capabilities: list[str]
    scopes: list[str]
    can: Can


class Problem(Answer):
    """What is wrong with a request."""

    code: str
    message: str
    hint: str | None = None


class ProblemAnswer(Answer):
    """The body of every answer of 4xx and 5xx."""

    error: Problem
