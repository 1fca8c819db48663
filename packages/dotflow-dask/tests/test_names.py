from __future__ import annotations

from dask.utils import key_split

from dotflow.engine.modes import find_mode
from dotflow_dask import DaskExecutor
from dotflow_dask.keys import is_ours, make_key, new_run
from dotflow_dask.on_worker import noted


def test_the_mode_is_registered() -> None:
    """`mode="dask"` leads to the executor, wherever the distribution is installed."""
    assert find_mode("dask", []).executor is DaskExecutor


def test_dask_learns_by_the_name_of_the_step() -> None:
    """The keys of all tasks of a step have its name in common, those of runs differ."""
    keys = [make_key("load", new_run(), node, 1, 0) for node in range(2)]
    assert {key_split(key) for key in keys} == {"load"}
    assert len({noted(key) for key in keys}) == 2
    assert all(map(is_ours, keys))
    assert not is_ours(("load-12ab", 0))
    assert not is_ours("load")
