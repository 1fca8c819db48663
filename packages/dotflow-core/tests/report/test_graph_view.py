"""The graph of a workflow before it runs."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from dotflow import DotFlow, action
from dotflow.errors import GraphError


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
    """The text lists each task once, by level, with what it waits for."""
    assert diamond().graph().to_text() == (
        "1  extract\n"
        "2  left      <- extract\n"
        "2  right     <- extract\n"
        "3  join\\nit  <- left, right\n"
    )


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
