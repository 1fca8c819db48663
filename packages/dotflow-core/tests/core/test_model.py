"""Random workflows against a model of which task ends in which status."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dotflow import Config, DotFlow, action
from dotflow.abc.log import Log

# A task: its group, what it explicitly depends on (None: nothing said), and how many
# of its attempts fail, of how many it has.
ATTEMPTS = 2
FAILING = st.sampled_from([0, 0, 0, 1, ATTEMPTS])
GROUPS = st.sampled_from(["default", "default", "other"])


class Silent(Log):
    """Thousands of failures are in no log."""

    active = False

    def info(self, **kwargs):
        raise NotImplementedError

    error = info


@st.composite
def chains(draw):
    """Tasks in one chain or in groups, without explicit edges."""
    return [(draw(GROUPS), None, draw(FAILING)) for _ in range(draw(st.integers(0, 8)))]


@st.composite
def graphs(draw):
    """Tasks with explicit edges to earlier ones, or none, all in one group."""
    tasks = []
    for place in range(draw(st.integers(1, 8))):
        upstream = (
            st.sets(st.integers(0, place - 1), max_size=3) if place else st.none()
        )
        edges = draw(st.none() | upstream)
        tasks.append(("default", edges, draw(FAILING)))
    return tasks


def upstream_of(tasks):
    """Return each task's upstream places, and whether they were written out."""
    last, found = {}, []
    for place, (group, edges, _) in enumerate(tasks):
        if edges is not None:
            found.append((sorted(edges), True))
        else:
            found.append(([last[group]] if group in last else [], False))
        last[group] = place
    return found


def end_of(place, tasks, ends, keep_going):
    """Say how a task may end, given how the others did: the reference model.

    Without `keep_going` a failure in a graph lets nothing start after it, so a task
    that was not reached yet is `Not started`.
    """
    upstream, explicit = upstream_of(tasks)[place]
    before = {ends[up] for up in upstream}
    if explicit and before & {"Failed", "Skipped"}:
        return {"Skipped"}
    if "Not started" in before or (before - {"Completed"} and not keep_going):
        return {"Not started"}
    end = "Failed" if tasks[place][2] == ATTEMPTS else "Completed"
    in_a_graph = any(edges is not None for _, edges, _ in tasks)
    if in_a_graph and not keep_going and "Failed" in ends:
        return {end, "Not started"}
    return {end}


def build(tasks):
    workflow = DotFlow(config=Config(log=Silent()))
    attempts = [0] * len(tasks)

    def step_of(place, failing):
        def step(previous_context):
            attempts[place] += 1
            if attempts[place] <= failing:
                raise ValueError(f"attempt {attempts[place]}")
            return place

        return action(step, retry=ATTEMPTS, retry_delay=0)

    for place, (group, edges, failing) in enumerate(tasks):
        workflow.task.add(
            step_of(place, failing),
            name=f"task{place}",
            group_name=group,
            depends_on=None if edges is None else [f"task{n}" for n in sorted(edges)],
        )
    return workflow, attempts


def check(tasks, workflow, keep_going):
    """Compare a run with the model, and each task with itself."""
    found = workflow.result_task()
    ends = [task.status for task in found]
    for place in range(len(tasks)):
        assert ends[place] in end_of(place, tasks, ends, keep_going), (place, ends)
    for place, (task, (_, _, failing)) in enumerate(zip(found, tasks, strict=True)):
        ran = task.status in ("Completed", "Failed")
        assert len(task.errors) == (failing if ran else 0)
        assert task.attempt == (min(failing + 1, ATTEMPTS) if ran else 0)
        completed = task.status == "Completed"
        assert task.current_context.storage == (place if completed else None)
        assert (task.started_at is not None) == ran
        assert (task.finished_at is not None) == ran
        assert bool(task.reason) == (task.status in ("Failed", "Skipped"))


@given(chains(), st.booleans())
def test_background_chains(tasks, keep_going):
    """In the background any mix of groups is one chain, and ends as the model says."""
    workflow, _ = build(tasks)
    run = workflow.start(mode="background", keep_going=keep_going)
    run.wait()
    one_group = [("default", None, failing) for _, _, failing in tasks]
    check(one_group, workflow, keep_going)
    failed = any(task.status == "Failed" for task in run.tasks)
    assert run.status == ("Failed" if failed else "Completed")


@given(graphs(), st.booleans())
def test_sequential_graphs(tasks, keep_going):
    """A random graph ends as the model says, with just the attempts it needed."""
    workflow, attempts = build(tasks)
    run = workflow.start(keep_going=keep_going)
    check(tasks, workflow, keep_going)
    assert attempts == [task.attempt for task in workflow.result_task()]
    failed = any(task.status == "Failed" for task in run.tasks)
    assert run.status == ("Failed" if failed else "Completed")


@given(graphs())
def test_order_in_graphs(tasks):
    """No task of a random graph starts before all that it depends on has ended."""
    workflow, _ = build(tasks)
    ended = []
    for task in workflow.task.queue:
        task.callback = lambda task: ended.append(task.name)
    workflow.start(keep_going=True)
    for place, (upstream, _) in enumerate(upstream_of(tasks)):
        if workflow.result_task()[place].started_at is not None:
            for up in upstream:
                if f"task{up}" in ended:
                    assert ended.index(f"task{up}") < ended.index(f"task{place}")


@given(graphs(), st.booleans())
def test_what_a_task_sees(tasks, keep_going):
    """Each task that ran saw exactly the results of its upstream."""
    workflow, _ = build(tasks)
    workflow.start(keep_going=keep_going)
    found = workflow.result_task()
    for task, (upstream, explicit) in zip(found, upstream_of(tasks), strict=True):
        if task.started_at is None:
            continue
        values = [found[up].current_context.storage for up in upstream]
        if len(values) > 1 and explicit:
            names = [f"task{up}" for up in upstream]
            assert task.previous_context.storage == dict(
                zip(names, values, strict=True)
            )
        else:
            assert task.previous_context.storage == (values[0] if values else None)


@given(chains(), st.booleans())
def test_runs_repeat(tasks, keep_going):
    """A second start of the same object, its failures over, completes every task."""
    workflow, _ = build([("default", None, failing) for _, _, failing in tasks])
    workflow.start(keep_going=keep_going)
    # A task that was not reached has its failures before it still.
    while any(task.status != "Completed" for task in workflow.result_task()):
        workflow.start(keep_going=keep_going)
    assert workflow.result_storage() == list(range(len(tasks)))
