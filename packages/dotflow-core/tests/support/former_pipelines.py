"""Pipelines in the words of flowrun, which several files of tests share."""

from __future__ import annotations

from dataclasses import dataclass

from dotflow import Pipeline


@dataclass(frozen=True)
class Deps:
    path: str


def broken_pipeline(retries=0):
    made = Pipeline("daily")
    calls = []

    @made.task(retries=retries)
    def bad():
        calls.append(1)
        raise ValueError("boom")

    @made.task(deps=[bad])
    def after():
        return 1

    @made.task()
    def apart():
        return 2

    return made, calls
