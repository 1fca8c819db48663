"""What a schedule may look like, and what is said of one that is wrong."""

from __future__ import annotations

import pytest

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.schedule import Cron


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * MON-FRI", "0 6 * * 1-5"),
        ("  0  6 ? * sun ", "0 6 * * 0"),
        ("0 6 * jan,Jul *", "0 6 * 1,7 *"),
        ("0 0 * * 5-7", "0 0 * * 0,5,6"),
        ("0 0 * * FRI-SUN", "0 0 * * 0,5,6"),
        ("5/20 */2 * * *", "5-59/20 */2 * * *"),
        ("@daily", "0 0 * * *"),
        ("@Hourly", "0 * * * *"),
        ("0 0 1-31 * 1", "0 0 * * *"),
        ("0 0 */2 * 1", "0 0 1-31/2 * 1"),
        ("0 0 31 2 1", "0 0 * 2 1"),
    ],
)
def test_one_text(text: str, expected: str) -> None:
    """Whatever way a schedule is written, `str` of it is read alike by every cron."""
    cron = Cron.parse(text)
    assert str(cron) == expected
    assert str(Cron.parse(expected)) == expected
    assert cron.text == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("61 * * * *", "field 1 of 5, the minute: 61 is not between 0 and 59"),
        ("0 24 * * *", "field 2 of 5, the hour: 24 is not between 0 and 23"),
        ("0 0 0 * *", "field 3 of 5, the day of the month: 0 is not between 1 and 31"),
        ("0 0 * 13 *", "field 4 of 5, the month: 13 is not between 1 and 12"),
        ("0 0 * * 8", "field 5 of 5, the day of the week: 8 is not between 0 and 7"),
        ("0 0 * FEV *", "'FEV' is none of JAN, FEB"),
        ("0 0 * * FUN", "'FUN' is none of SUN, MON"),
        ("x 0 * * *", "'x' is no number"),
        ("0 22-6 * * *", "the range '22-6' ends before it begins"),
        ("*/0 * * * *", "the step of '*/0' is 0"),
        ("1,,2 * * * *", "nothing beside a comma"),
        ("? * * * *", "'?' is for the two fields of days"),
        ("0 0 L * *", "L, W and # have no meaning here"),
        ("0 0 * * MON#1", "L, W and # have no meaning here"),
        ("0 0 15W * *", "L, W and # have no meaning here"),
        ("*-5 * * * *", "is no range"),
        ("-1 * * * *", "'-1' is no number, range, list or step"),
        ("0 0 30 2 *", "never due: no month of it has a day 30"),
        ("0 0 31 4,6 *", "never due: no month of it has a day 31"),
        ("0 6 * *", "it has 4 fields"),
        ("", "it has 0 fields"),
        ("0 0 6 * * *", "leave out the seconds"),
        ("@reboot", "give times"),
        ("@every 5m", "@hourly"),
        ("rate(5 minutes)", "only AWS understands"),
        ("cron(0 6 * * ? *)", "only AWS understands"),
    ],
)
def test_wrong(text: str, told: str) -> None:
    """A wrong schedule is told with its field, what is wrong in it, and the whole."""
    with pytest.raises(InvalidProject) as caught:
        Cron.parse(text)
    assert told in str(caught.value)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("* * * * *", 1),
        ("*/20 * * * *", 20),
        ("0,58 * * * *", 2),
        ("0,58 6 * * *", 58),
        ("3,57 0,23 * * *", 6),
        ("0 6 * * *", 60),
    ],
)
def test_interval(text: str, minutes: int) -> None:
    """The shortest time between two runs counts from one hour into the next."""
    assert Cron.parse(text).interval == minutes
