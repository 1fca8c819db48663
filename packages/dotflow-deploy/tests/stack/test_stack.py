"""Stacks on a platform in memory: what is planned is done, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotflow_deploy.errors import CloudError, NotOurs
from dotflow_deploy.stack import Change, Difference, Resource, Stack, State, marks
from dotflow_deploy.stack.ownership import is_marked

MARKS = marks("shop", "memory")


class Cloud:
    """A platform in memory, on which any request that changes something can fail.

    Attributes:
        things: What is there, by its name.
        asked: The requests that changed something.
        fails_at: The number of such a request that fails, from 0.
        after: Whether it is carried out before it fails.
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.fails_at: int | None = None
        self.after = False

    def change(self, what: str, how: Callable[[], Any]) -> None:
        """Change something, or fail."""
        strikes = self.fails_at == len(self.asked)
        self.asked.append(what)
        if not strikes or self.after:
            how()
        if strikes:
            raise CloudError(what, "change", "there is a fault")


class Thing(Resource):
    """Something with a size."""

    kind = "Thing"

    def __init__(
        self,
        cloud: Cloud,
        name: str,
        size: int = 1,
        part_of: Resource | None = None,
        needs: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, part_of)
        self.cloud = cloud
        self.size = size
        self.needs = needs
        self.full = False

    def read(self) -> State | None:
        """Return what is there."""
        found = self.cloud.things.get(self.name)
        return None if found is None else dict(found)

    def create(self) -> None:
        """Make it."""
        assert all(name in self.cloud.things for name in self.needs)
        tags = {} if self.part_of else MARKS
        made = {"size": self.size, "tags": tags}
        self._change("create", lambda: self.cloud.things.update({self.name: made}))

    def differences(self, state: State) -> list[Difference]:
        """Compare the size."""
        if state["size"] == self.size:
            return []
        return [Difference("size", str(state["size"]), str(self.size))]

    def update(self, state: State) -> None:
        """Change the size."""
        thing = self.cloud.things[self.name]
        self._change("update", lambda: thing.update(size=self.size))

    def delete(self, state: State) -> None:
        """Remove it."""
        users = [n for n in self.cloud.things if self.name in NEEDS.get(n, ())]
        assert not users, f"{self.name} is needed by {users}"
        self._change("delete", lambda: self.cloud.things.pop(self.name, None))

    def is_ours(self, state: State) -> bool:
        """Tell by the marks."""
        if self.part_of is not None:
            return super().is_ours(state)
        return is_marked(state["tags"], "shop", "memory")

    def kept(self, state: State) -> str:
        """Stay while there is something in it."""
        return "it is full: empty it" if self.full else ""

    def detail(self) -> str:
        """Return the size."""
        return f"size {self.size}"

    def _change(self, doing: str, how: Callable[[], Any]) -> None:
        self.cloud.change(f"{doing} {self.name}", how)


NEEDS: dict[str, tuple[str, ...]] = {
    "role": (),
    "function": ("role",),
    "queue": (),
    "trigger": ("function", "queue"),
}


def make(cloud: Cloud, **sizes: int) -> Stack:
    """Return a stack of four things, of which one is a part of another."""
    things: dict[str, Thing] = {}
    for name, needs in NEEDS.items():
        whole = things.get("function") if name == "trigger" else None
        things[name] = Thing(cloud, name, sizes.get(name, 1), whole, needs)
    return Stack(list(things.values()), lambda: {"Size": str(len(cloud.things))})


def actions(changes: Any) -> list[tuple[str, str]]:
    """Return what becomes of what."""
    return [(str(change.action), change.name) for change in changes]


@pytest.fixture
def cloud() -> Cloud:
    """Give an empty platform."""
    return Cloud()


def test_plan_changes_nothing(cloud: Cloud) -> None:
    """A plan tells what would be made, in order, and makes nothing."""
    plan = make(cloud).plan()
    assert actions(plan) == [("create", name) for name in NEEDS]
    assert [change.detail for change in plan] == ["size 1"] * 4
    assert cloud.asked == []


def test_apply_makes_what_was_planned(cloud: Cloud) -> None:
    """Everything is made after what it builds upon, and told before it is."""
    told: list[Change] = []
    plan = make(cloud).plan()
    done = make(cloud).apply(told.append)
    assert done == plan
    assert told == list(plan)
    assert cloud.asked == [f"create {name}" for name in NEEDS]


def test_second_time_changes_nothing(cloud: Cloud) -> None:
    """Applying what is there already asks for no change."""
    make(cloud).apply()
    cloud.asked.clear()
    assert make(cloud).plan().is_empty
    assert make(cloud).apply().is_empty
    assert cloud.asked == []


def test_only_differences_are_changed(cloud: Cloud) -> None:
    """What differs is changed, with what it was and what it will be."""
    make(cloud).apply()
    cloud.asked.clear()
    (change,) = [c for c in make(cloud, queue=7).apply() if c.action == "update"]
    assert [str(difference) for difference in change.differences] == ["size: 1 -> 7"]
    assert change.to_dict()["differences"] == [
        {"name": "size", "found": "1", "wanted": "7"}
    ]
    assert cloud.asked == ["update queue"]
    assert cloud.things["queue"]["size"] == 7


@pytest.mark.parametrize("name", ["role", "function", "queue"])
def test_conflict(cloud: Cloud, name: str) -> None:
    """Something of that name that is not ours keeps everything from being changed."""
    cloud.things[name] = {"size": 9, "tags": {"dotflow-project": "other"}}
    before = dict(cloud.things)
    plan = make(cloud).plan()
    assert [conflict.name for conflict in plan.conflicts] == [name]
    with pytest.raises(NotOurs, match=f"Thing {name} exists already"):
        make(cloud).apply()
    assert actions(make(cloud).destroy()) == [("keep", n) for n in reversed(NEEDS)]
    assert cloud.things == before
    assert cloud.asked == []


def test_conflict_that_comes_meanwhile(cloud: Cloud) -> None:
    """What someone else makes after the plan was read is not taken over either."""

    def interfere(change: Change) -> None:
        if change.name == "function":
            cloud.things["queue"] = {"size": 9, "tags": {}}

    with pytest.raises(NotOurs):
        make(cloud).apply(interfere)
    assert cloud.things["queue"] == {"size": 9, "tags": {}}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", range(4))
def test_deploy_goes_on(cloud: Cloud, place: int, after: bool) -> None:
    """After a failure anywhere, running again comes to the same end."""
    uninterrupted = Cloud()
    make(uninterrupted).apply()
    cloud.fails_at, cloud.after = place, after
    with pytest.raises(CloudError):
        make(cloud).apply()
    assert len(cloud.things) == place + after
    cloud.fails_at = None
    make(cloud).apply()
    assert cloud.things == uninterrupted.things
    assert make(cloud).plan().is_empty


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", range(4))
def test_destroy_goes_on(cloud: Cloud, place: int, after: bool) -> None:
    """After a failure anywhere, destroying again removes the rest."""
    make(cloud).apply()
    cloud.things["theirs"] = {"size": 1, "tags": {}}
    cloud.asked.clear()
    cloud.fails_at, cloud.after = place, after
    with pytest.raises(CloudError):
        make(cloud).destroy()
    cloud.fails_at = None
    make(cloud).destroy()
    assert list(cloud.things) == ["theirs"]


def test_destroy_order(cloud: Cloud) -> None:
    """Nothing is removed before what builds upon it, and a second time is no error."""
    make(cloud).apply()
    cloud.asked.clear()
    told: list[Change] = []
    plan = make(cloud).destroy_plan()
    assert cloud.asked == []
    assert make(cloud).destroy(told.append) == plan
    assert told == list(plan)
    assert cloud.asked == [f"delete {name}" for name in reversed(NEEDS)]
    cloud.asked.clear()
    assert make(cloud).destroy().is_empty
    assert cloud.asked == []


def test_kept(cloud: Cloud) -> None:
    """What holds something stays, with the reason, and the rest goes."""
    make(cloud).apply()
    stack = make(cloud)
    stack.resources[2].full = True  # type: ignore[attr-defined]
    (kept,) = [c for c in stack.destroy() if c.action == "keep"]
    assert (kept.name, kept.detail) == ("queue", "it is full: empty it")
    assert list(cloud.things) == ["queue"]


def without(cloud: Cloud, *names: str) -> Stack:
    """Return a stack that does without some things."""
    stack = make(cloud)
    for resource in stack.resources:
        resource.wanted = resource.name not in names
    return stack


def test_not_wanted_any_more(cloud: Cloud) -> None:
    """What a deployment does without goes, after everything else was changed."""
    make(cloud).apply()
    cloud.asked.clear()
    stack = without(cloud, "queue", "trigger")
    stack.resources[1].size = 5  # type: ignore[attr-defined]
    expected = [
        ("keep", "role"),
        ("update", "function"),
        ("delete", "trigger"),
        ("delete", "queue"),
    ]
    assert actions(stack.plan()) == expected
    assert cloud.asked == []
    assert actions(stack.apply()) == expected
    assert cloud.asked == ["update function", "delete trigger", "delete queue"]
    assert [r.name for r in stack.read()] == ["role", "function"]
    assert stack.plan().is_empty


def test_not_wanted_and_not_ours(cloud: Cloud) -> None:
    """What a deployment does without stands in nobody's way."""
    cloud.things["queue"] = {"size": 9, "tags": {}}
    without(cloud, "queue", "trigger").apply()
    assert cloud.things["queue"] == {"size": 9, "tags": {}}


def test_outputs(cloud: Cloud) -> None:
    """What a user wants to know is asked for when it is there, not before."""
    stack = make(cloud)
    stack.apply()
    assert stack.outputs() == {"Size": "4"}
    assert Stack([]).outputs() == {}


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    there=st.sets(st.sampled_from(["role", "function", "queue"])),
    sizes=st.dictionaries(st.sampled_from(sorted(NEEDS)), st.integers(1, 3)),
    faults=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=4),
)
def test_any_history(
    there: set[str], sizes: dict[str, int], faults: list[tuple[int, bool]]
) -> None:
    """Wherever runs broke off, one that passes leaves all as declared."""
    cloud = Cloud()
    for name in there:
        cloud.things[name] = {"size": 2, "tags": MARKS}
    for place, after in faults:
        cloud.asked.clear()
        cloud.fails_at, cloud.after = place, after
        try:
            make(cloud, **sizes).apply()
        except CloudError:
            continue
    cloud.fails_at = None
    make(cloud, **sizes).apply()
    found = {name: thing["size"] for name, thing in cloud.things.items()}
    assert found == {name: sizes.get(name, 1) for name in NEEDS}
    make(cloud).destroy()
    assert cloud.things == {}
