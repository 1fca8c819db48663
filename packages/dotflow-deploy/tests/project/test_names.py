"""Names that every platform accepts."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dotflow_deploy.errors import InvalidProject
from dotflow_deploy.project import check_name, kebab, shortened
from dotflow_deploy.project.names import check_module

SAFE = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
WORDS = st.text(string.ascii_letters + string.digits + "-_. /\\$", max_size=60)


@given(WORDS | st.text(max_size=60))
def test_a_name_is_safe_or_refused(name: str) -> None:
    """Whatever is written becomes a name for every platform, or is refused."""
    try:
        made = check_name(name)
    except InvalidProject:
        return
    assert SAFE.fullmatch(made)
    assert "--" not in made
    assert len(made) <= 50
    assert check_name(made) == made


@pytest.mark.parametrize(
    ("written", "made"),
    [("Shop", "shop"), ("My_Shop", "my-shop"), ("a.b  c", "a-b-c"), (" x1 ", "x1")],
)
def test_names_become_kebab_case(written: str, made: str) -> None:
    """Capitals, spaces, dots and underscores need no thought."""
    assert kebab(written) == check_name(written) == made


@pytest.mark.parametrize(
    "name",
    ["", "1shop", "-shop", "shop-", "a--b", "../shop", "a;b", "é", "x" * 51],
)
def test_unsafe_names_are_refused(name: str) -> None:
    """What some platform would refuse, or a shell would take for more, is refused."""
    with pytest.raises(InvalidProject, match="--project my-shop"):
        check_name(name)


@given(
    st.text(string.ascii_lowercase + "-", min_size=1, max_size=80), st.integers(10, 63)
)
def test_short_names_are_short(name: str, limit: int) -> None:
    """A name is cut where a platform has a limit, and only there."""
    made = shortened(name, limit)
    assert len(made) <= limit
    assert (made == name) == (len(name) <= limit) or made != name


@given(
    st.text(string.ascii_lowercase, min_size=30, max_size=50),
    st.text(string.ascii_lowercase, min_size=30, max_size=50),
)
def test_short_names_differ(one: str, other: str) -> None:
    """Two long names that begin alike are still two when they are cut."""
    assume(one != other)
    assert shortened(f"{'a' * 20}{one}", 30) != shortened(f"{'a' * 20}{other}", 30)


@pytest.mark.parametrize("name", ["", "1a", "a..b", "a.1", "a-b", "os;x", ".a"])
def test_what_is_no_module(name: str) -> None:
    """Only the name of a module gets into generated code."""
    with pytest.raises(InvalidProject, match="not the name of a module"):
        check_module(name)
