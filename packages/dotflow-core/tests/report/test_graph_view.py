"""The graph of a workflow before it runs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotflow import DotFlow, action
from dotflow.errors import GraphError
from dotflow.report import NodeView
from dotflow.report.layout import BOX_HEIGHT, LANE_HEIGHT, heights


@action
def step() -> None:
    return None


def diamond():
    workflow = DotFlow()
    workflow.task.add(step, name="extract")
    workflow.task.add(step, name="left", depends_on="extract")
    workflow.task.add(step, name="right", depends_on="extract")
    workflow.task.add(step, name="join\nit", depends_on=["left", "right"])
    return workflow


def test_text():
    """The text draws each task once, by level, with a lane to what waits for it."""
    assert diamond().graph().to_text() == (
        "1  ●    extract\n2  ├─●  left\n2  ● │  right\n3  ●─┘  join\\nit\n"
    )


def test_text_of_a_graph_that_crosses():
    """A lane goes on to the last task that waits for it, past those that do not."""
    workflow = DotFlow()
    inner = DotFlow(name="inner")
    inner.task.add(step, name="part")
    workflow.task.add(step, name="a", depends_on=[])
    workflow.task.add(step, name="b", depends_on=[])
    workflow.task.add(step, name="c", depends_on=[])
    workflow.task.add(step, name="a and c", depends_on=["a", "c"])
    workflow.task.add(inner, name="inner", depends_on="b")
    workflow.task.add(step, name="each", map_over="a and c")
    workflow.task.add(step, name="all", depends_on=["a", "each", "inner", "c"])
    assert workflow.graph().to_text() == (
        "1  ●        a\n"
        "1  │ ●      b\n"
        "1  │ │ ●    c\n"
        "2  ├─│─┼─●  a and c\n"
        "2  │ ● │ │  inner/part\n"
        "3  │ ● │ │  inner  (a workflow)\n"
        "3  │ │ │ ●  each  (for each of a and c)\n"
        "4  ●─┴─┴─┘  all\n"
    )


def test_text_of_a_wide_graph():
    """A graph of more lanes than anybody reads is a list that names what is awaited."""
    workflow = DotFlow()
    for number in range(30):
        workflow.task.add(step, name=f"t{number}", depends_on=[])
    workflow.task.add(step, name="join", depends_on=["t0", "t1"])
    for number in range(30):
        workflow.task.add(step, name=f"u{number}", depends_on=f"t{number}")
    assert "2  join  <- t0, t1\n" in workflow.graph().to_text()


def test_nodes_and_edges():
    """Nodes and edges are plain values."""
    view = diamond().graph()
    assert [node.level for node in view.nodes] == [0, 1, 1, 2]
    assert view.edges[-1] == ("right", "join\nit")
    assert len(view) == 4


def test_mermaid_and_svg():
    """The drawings have every node and edge and are well formed."""
    view = diamond().graph()
    chart = view.to_mermaid()
    assert chart.startswith("flowchart LR\n")
    assert chart.count("-->") == 4
    assert 'n3["join<br/>it"]' in chart
    ET.fromstring(view.to_svg())
    ET.fromstring(view._repr_html_())


@given(st.lists(st.sets(st.integers(0, 11)), max_size=12))
def test_lines_go_around_boxes(waits: list[set[int]]):
    """What is awaited further on has a lane of its own in each column, beside boxes."""
    nodes: list[NodeView] = []
    for place, wanted in enumerate(waits):
        sources = tuple(sorted(source for source in wanted if source < place))
        level = max((nodes[source].level + 1 for source in sources), default=0)
        nodes.append(NodeView(f"t{place}", "default", level, (), sources))
    placed = heights(nodes)
    for node in nodes:
        for source in node.sources:
            for column in range(nodes[source].level, node.level):
                assert (column, source) in placed
    bounds: dict[int, list[tuple[float, float]]] = {}
    for (column, place), middle in placed.items():
        half = (BOX_HEIGHT if nodes[place].level == column else LANE_HEIGHT) / 2
        bounds.setdefault(column, []).append((middle - half, middle + half))
    for column in bounds.values():
        column.sort()
        assert all(above[1] < below[0] for above, below in pairwise(column))


def test_kinds_are_marked():
    """Maps, sub-workflows and their parts differ from steps in each of the drawings."""
    inner = DotFlow(name="inner")
    inner.task.add(step, name="part")
    workflow = diamond()
    workflow.task.add(step, name="<each>", map_over="extract")
    workflow.task.add(inner, name="inner")
    view = workflow.graph()
    assert [(n.kind, n.parent) for n in view.nodes[-3:]] == [
        ("map", None),
        ("", "inner"),
        ("workflow", None),
    ]
    assert '[["#60;each#62;<br/>for each of extract"]]' in view.to_mermaid()
    assert '(["inner<br/>a workflow"])' in view.to_mermaid()
    page = view.to_html("<nightly>")
    assert page.startswith("<!DOCTYPE html>")
    assert "<nightly>" not in page
    assert "<each>" not in page
    assert "stroke-dasharray" in page
    ET.fromstring(page.removeprefix("<!DOCTYPE html>"))


def test_conditions_are_marked():
    """What runs only if not cached, or by order alone, is marked in each drawing."""
    workflow = diamond()
    workflow.task.add(action(cache=True)(step.func), name="report")
    workflow.task.add(action(cache=True)(step.func), name="each", map_over="extract")
    view = workflow.graph()
    assert [(n.name, n.by_order, n.cached) for n in view.nodes[-2:]] == [
        ("report", True, True),
        ("each", False, True),
    ]
    assert view.to_text().endswith("●    report  (if not cached, by order)\n")
    chart = view.to_mermaid()
    assert 'n4["report<br/>if not cached, by order"]' in chart
    assert "n3 -.-> n4\n" in chart
    assert chart.count("-.->") == 1
    drawing = view.to_svg()
    assert drawing.count("<polygon") == 2
    assert drawing.count("stroke-dasharray") == 1
    page = view.to_html()
    assert "A diamond runs only if" in page
    assert "A dashed line" in page
    assert "A double border" not in page
    ET.fromstring(page.removeprefix("<!DOCTYPE html>"))


def test_a_list_has_no_conditions():
    """Where all tasks follow by order, as in a sub-workflow among them, none is marked."""
    inner = DotFlow(name="inner")
    inner.task.add([step, step])
    workflow = DotFlow()
    workflow.task.add(step, name="first")
    workflow.task.add(inner, name="inner")
    workflow.task.add(step, name="each", map_over="first")
    workflow.task.add(step, name="last")
    view = workflow.graph()
    assert not any(node.by_order for node in view.nodes)
    assert "A dashed line" not in view.to_html()


def test_modes():
    """The graph is that of the mode: a chain, or roots side by side."""
    workflow = DotFlow()
    workflow.task.add([step, step, step])
    assert len(workflow.graph().edges) == 2
    assert workflow.graph("parallel").edges == []


def test_groups_are_subgraphs():
    """Several groups are drawn as subgraphs."""
    workflow = DotFlow()
    workflow.task.add(step, group_name="one")
    workflow.task.add(step, group_name='t"wo')
    chart = workflow.graph().to_mermaid()
    assert 'subgraph g0["one"]' in chart
    assert "t#34;wo" in chart


def test_nothing_runs():
    """A graph that cannot run is refused, and looking at one runs nothing."""
    workflow = diamond()
    workflow.graph()
    assert {task.status for task in workflow.result_task()} == {"Not started"}
    workflow.task.add(step, name="lost", depends_on="nobody")
    with pytest.raises(GraphError, match="nobody"):
        workflow.graph()


def test_deep_graphs_do_not_recurse():
    """A chain of 100,000 tasks is drawn without recursion."""
    workflow = DotFlow()
    for _ in range(100_000):
        workflow.task.add(step)
    view = workflow.graph()
    assert view.nodes[-1].level == 99_999
    assert view.to_text().count("\n") == 100_000
    assert view.to_mermaid().count("-->") == 99_999
    assert "99800 more" in view._repr_html_()
