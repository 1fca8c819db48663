"""Templates: each value fit for its place, and nothing left unfilled."""

from __future__ import annotations

import json
import shlex
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dotflow_deploy.platforms.render import Raw, TemplateError, included, render

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")))


@given(TEXT)
def test_quoted_value_is_read_back(value: str) -> None:
    """Whatever a value is, a reader of the file gets exactly that value."""
    values = {"x": value}
    assert json.loads(render('{"k": @@"x"@@}', values, "a.json")) == {"k": value}
    assert yaml.safe_load(render('k: @@"x"@@\n', values, "a.yaml")) == {"k": value}
    assert tomllib.loads(render('k = @@"x"@@\n', values, "a.toml")) == {"k": value}
    assert shlex.split(render('echo @@"x"@@', values, "a.sh")) == ["echo", value]
    assert eval(render('@@"x"@@', values, "a.py")) == value


@given(TEXT)
def test_quoted_value_is_no_expression(value: str) -> None:
    """A value in a Terraform file is a text, even if it looks like an expression."""
    hcl2 = pytest.importorskip("hcl2")
    made = render('k = @@"x"@@\n', {"x": value}, "a.tf")
    assert "${" not in made.replace("$${", "")
    assert "%{" not in made.replace("%%{", "")
    if "{" not in value:  # this reader does not know every escape that HCL has
        assert hcl2.loads(made)


@pytest.mark.parametrize(
    "value", ["a b", "a: b", "a: ", "-x", "$(x)", "`x`", "a;b", 'a"b', "", "a\nb", "x:"]
)
def test_bare_value_has_safe_characters(value: str) -> None:
    """What would mean something else without quotes is refused there."""
    with pytest.raises(TemplateError, match="without quotes"):
        render("k: @@x@@\n", {"x": value}, "a.yaml")


def test_control_characters_are_refused() -> None:
    """No value can begin a line of its own."""
    with pytest.raises(TemplateError, match="control character"):
        render('k: @@"x"@@\n', {"x": "a\nb: c"}, "a.yaml")


def test_raw_value_is_taken_as_it_is() -> None:
    """What a platform has quoted itself is not quoted again."""
    assert render("pip install x@@x@@\n", {"x": Raw(" 'y~=1'")}, "a.sh") == (
        "pip install x 'y~=1'\n"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("@@unknown@@", "no value for the placeholder 'unknown'"),
        ("@@if unknown@@\n@@end@@\n", "no value for the placeholder 'unknown'"),
        ("@@ x @@", "malformed"),
        ("@@x", "malformed"),
        ("@@x|upper@@", "malformed"),
        ("@@if x@@\n", "without its @@end@@"),
        ("@@end@@\n", "without an @@if@@"),
        ("@@else@@\n", "without an @@if@@"),
    ],
)
def test_defect_of_template_is_told(text: str, problem: str) -> None:
    """A template with a mistake makes no file: the message says where it is."""
    with pytest.raises(TemplateError, match=problem) as caught:
        render(text, {"x": "y"}, "some.yaml")
    assert "some.yaml" in str(caught.value)


def test_conditions_choose_lines() -> None:
    """Lines between marks are there if the value is true, and marks never are."""
    text = "a\n@@if x@@\nb\n@@if not y@@\nc\n@@end@@\n@@else@@\nd\n@@end@@\ne\n"
    assert render(text, {"x": True, "y": False}, "f") == "a\nb\nc\ne\n"
    assert render(text, {"x": True, "y": True}, "f") == "a\nb\ne\n"
    assert render(text, {"x": False, "y": False}, "f") == "a\nd\ne\n"


def test_marks_of_targets_are_left_alone() -> None:
    """What the target's own format replaces later stays as it is."""
    text = "${A} {{ b }} ${{ c }} <d> $E %F% [[g]] !Sub ${AWS::Region}\n"
    assert render(text, {}, "a.yaml") == text


def test_values_are_not_filled_in_again() -> None:
    """A value that looks like a placeholder is no placeholder."""
    assert render('k: @@"x"@@\n', {"x": "@@y@@"}, "a.yaml") == 'k: "@@y@@"\n'


def test_includes() -> None:
    """A template stands where another one names it on a line of its own, and only there."""
    parts = {"shared/a.sh": "one\ntwo\n"}
    text = "begin\n@@include shared/a.sh@@\nend\n"
    assert included(text, parts.__getitem__) == "begin\none\ntwo\nend\n"
    with pytest.raises(TemplateError, match="malformed"):
        render(included("x @@include shared/a.sh@@\n", str), {}, "a.sh")
