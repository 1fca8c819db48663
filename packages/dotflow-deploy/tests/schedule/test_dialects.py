"""A schedule means the same in every dialect."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import schedule_matchers as matchers

from dotflow_deploy import schedule as dialects
from dotflow_deploy.errors import InvalidProject, ScheduleNotExpressible
from dotflow_deploy.schedule import Cron

croniter = pytest.importorskip("croniter").croniter
hypothesis = pytest.importorskip("hypothesis")
st = pytest.importorskip("hypothesis.strategies")


MEANINGS = {
    "eventbridge": matchers.aws,
    "fc_timer": matchers.fc,
    "azure_ncrontab": matchers.ncrontab,
    "systemd_calendar": matchers.systemd,
    "vercel": matchers.strict,
    "kubernetes": matchers.posix,
    "cloud_scheduler": matchers.posix,
    "nomad": matchers.posix,
    "gitlab": matchers.posix,
    "render": matchers.posix,
    "azure_jobs": matchers.posix,
    "plain": matchers.posix,
    "github": matchers.posix,
    "railway": matchers.posix,
    "digital_ocean": matchers.posix,
}
ONE_KIND_OF_DAYS = {"eventbridge", "fc_timer", "azure_ncrontab", "vercel"}
# The longest from one 29th of February to another is 8 years.
YEARS = 12
LEAST_MINUTES = {"github": 5, "railway": 5, "digital_ocean": 15}


@st.composite
def items(draw: st.DrawFn, low: int, high: int, names: list[str]) -> str:
    """Give a number, a name, a range or a step."""

    def text(value: int) -> str:
        return names[value - low] if names and draw(st.booleans()) else str(value)

    first = draw(st.integers(low, high))
    last = draw(st.integers(first, high))
    step = draw(st.integers(1, high))
    kind = draw(st.sampled_from(["value", "range", "range step", "star step"]))
    if kind == "value":
        return text(first)
    if kind == "star step":
        return f"*/{max(step, 2)}"
    # croniter takes 3-3 for a whole turn; everyone else for 3.
    span = f"{text(first)}-{text(last)}" if first < last else text(first)
    if first == last:
        return span
    return span if kind == "range" else f"{span}/{step}"


def fields(
    low: int, high: int, names: list[str] | None = None
) -> st.SearchStrategy[str]:
    """Give a field: a star, or a list of up to four items."""
    some = st.lists(items(low, high, names or []), min_size=1, max_size=4)
    return st.just("*") | some.map(",".join)


MONTHS = ["jan", "feb", "MAR", "APR", "MAY", "JUN"]
MONTHS += ["JUL", "AUG", "SEP", "OCT", "NOV", "Dec"]
CRONS = st.tuples(
    fields(0, 59),
    fields(0, 23),
    fields(1, 31),
    fields(1, 12, MONTHS),
    fields(0, 6, ["sun", *matchers.NAMES[1:]]),
).map(" ".join)


def samples(text: str, moment: datetime) -> list[datetime]:
    """Return times at which a schedule is due, beside them, and others."""
    times = [moment, datetime(2028, 2, 29, tzinfo=UTC)]
    times += [moment.replace(hour=0, minute=0) + timedelta(days=n) for n in range(8)]
    due = croniter(text, moment, max_years_between_matches=YEARS)
    for _ in range(4):
        time = due.get_next(datetime)
        times += [time + timedelta(days=d) for d in (-1, 0, 1)]
        times += [time + timedelta(minutes=m) for m in (-1, 1)]
    return times


def due_at(text: str, times: list[datetime]) -> list[bool]:
    """Return at which times cron is due, as `croniter.match` tells.

    That one reads the text anew for each time, and looks for 50 years where a field has
    a day that never comes.
    """
    cron = croniter(text, max_years_between_matches=YEARS)
    second = timedelta(seconds=1)
    return [cron.get_prev(datetime, start_time=time + second) == time for time in times]


@hypothesis.given(
    text=CRONS,
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2034, 1, 1)).map(
        lambda time: time.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
)
@hypothesis.settings(
    max_examples=100,
    deadline=None,
    # Not shrunk: that may take minutes of a busy machine, after which pytest ends the
    # run without having told of what was found.
    phases=[
        hypothesis.Phase.explicit,
        hypothesis.Phase.reuse,
        hypothesis.Phase.generate,
    ],
)
def test_same_times(text: str, moment: datetime) -> None:
    """Each dialect is due exactly when cron is, or refuses and says what to do."""
    try:
        cron = Cron.parse(text)
    except InvalidProject:
        with pytest.raises(Exception, match="failed to find next date"):
            croniter(text, moment, max_years_between_matches=YEARS).get_next()
        return
    written = text.split(" ")
    # A whole range beside a field with a star: croniter alone takes it for a star.
    whole = len(croniter.expand(f"0 0 {written[2]} * *")[0][2]) in (1, 31)
    hypothesis.assume(not whole or written[2] == "*" or "*" not in written[4])
    whole = len(croniter.expand(f"0 0 * * {written[4]}")[0][4]) in (1, 7)
    hypothesis.assume(not whole or written[4] == "*" or "*" not in written[2])
    times = samples(text, moment)
    expected = due_at(text, times)
    assert any(expected)
    for name, is_due in MEANINGS.items():
        refused = name in ONE_KIND_OF_DAYS and cron.restricts_both
        if refused or cron.interval < LEAST_MINUTES.get(name, 0):
            with pytest.raises(ScheduleNotExpressible):
                getattr(dialects, name)(cron)
            continue
        expression = getattr(dialects, name)(cron)
        assert [is_due(expression, time) for time in times] == expected, (
            name,
            expression,
        )


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
@pytest.mark.parametrize(
    "text",
    [
        "0 6 * * 1-5",
        "*/7 3-19/4 * * *",
        "5,6,7 22,23 31 1-3,12 *",
        "30 4 1,15 * 5",
        "5/20 * */9 * FRI-SUN",
        "0 0 29 2 *",
    ],
)
def test_systemd_itself(text: str) -> None:
    """The real systemd reads our calendars, and is next due when cron is."""
    begin = datetime(2026, 3, 5, 10, 3, tzinfo=UTC)
    due = croniter(text, begin, max_years_between_matches=YEARS)
    expected = [due.get_next(datetime) for _ in range(6)]
    found: set[datetime] = set()
    for line in dialects.systemd_calendar(text):
        command = ["systemd-analyze", "calendar", "--iterations=6", line]
        command.append("--base-time=2026-03-05 10:03:00 UTC")
        shown = subprocess.run(
            command, check=True, capture_output=True, text=True, env={"TZ": "UTC"}
        )
        for printed in shown.stdout.splitlines():
            title, _, value = printed.strip().partition(": ")
            if title.startswith(("Next elapse", "Iteration", "Iter.")):
                _, day, clock, _ = value.split()
                time = datetime.fromisoformat(f"{day} {clock}")
                found.add(time.replace(tzinfo=UTC))
    assert sorted(found)[:6] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * *", "cron(0 6 * * ? *)"),
        ("0 6 * * 0", "cron(0 6 ? * SUN *)"),
        ("0 6 * * 7", "cron(0 6 ? * SUN *)"),
        ("0 6 * * 1-5", "cron(0 6 ? * MON-FRI *)"),
        ("*/15 * * * *", "cron(0/15 * * * ? *)"),
        ("0 9-17/2 * * *", "cron(0 9,11,13,15,17 * * ? *)"),
        ("0 0 1 */3 *", "cron(0 0 1 1/3 ? *)"),
        ("0 0 30 2 1", "cron(0 0 ? 2 MON *)"),
        ("@weekly", "cron(0 0 ? * SUN *)"),
        ("rate(5 minutes)", "rate(5 minutes)"),
        ("cron(0 6 ? * MON#1 *)", "cron(0 6 ? * MON#1 *)"),
    ],
)
def test_eventbridge(text: str, expected: str) -> None:
    """EventBridge gets `?`, days of the week by name, and its own kinds untouched."""
    assert dialects.eventbridge(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rate(1 minutes)", "rate(1 minute)"),
        ("rate(5 hour)", "rate(5 hours)"),
        ("rate(5 weeks)", "neither rate"),
        ("cron(0 6 * * *)", "neither rate"),
        ("cron(0 6 * * * *)", "one of the two"),
        ("0 6 1 * 1", "a second time under another --project"),
    ],
)
def test_eventbridge_refuses(text: str, told: str) -> None:
    """What AWS would refuse is refused before AWS is asked, with what to write."""
    with pytest.raises(InvalidProject, match=r"The schedule|AWS EventBridge") as caught:
        dialects.eventbridge(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ["github", "railway", "digital_ocean"])
def test_too_often(name: str) -> None:
    """A platform that runs nothing so often says how often it does."""
    with pytest.raises(ScheduleNotExpressible, match=r"'\*/\d+ \* \* \* \*'"):
        getattr(dialects, name)("58,2 * * * *")
    assert getattr(dialects, name)(
        "58,2 6 * * *" if name != "digital_ocean" else "0 6 * * *"
    )
