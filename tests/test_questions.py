"""What newcomers type into the search of the site leads to an answer.

This is a model of that search; `hatch run screenshots:search` asks the search itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
# What somebody types, and a page that answers it: one click from what is found.
TYPED = {
    "install pip": "index.md",
    "start new project": "tutorial.md",
    "pipeline or dotflow": "howto/pipeline.md",
    "step input previous result": "concepts/values.md",
    "parameters of a run": "cli.md",
    "where are my results": "operations.md",
    "run steps parallel same time": "choosing-a-mode.md",
    "for each file": "howto/maps.md",
    "run only one task": "cli.md",
    "condition branch if": "howto/groups-and-dependencies.md",
    "rate limit requests api": "howto/limits-and-rates.md",
    "every night schedule cron": "howto/schedules.md",
    "jupyter notebook": "howto/notebooks.md",
    "async await": "howto/async-and-classes.md",
    "exception not raised start": "howto/failures.md",
    "why did it fail": "howto/history.md",
    "resume after crash": "howto/resume.md",
    "run completed task again": "howto/resume.md",
    "step ran twice": "concepts/at-least-once.md",
    "stop a run from outside": "howto/stopping.md",
    "two runs at once": "howto/stopping.md",
    "error message meaning": "errors.md",
    "timeout does not stop step": "howto/retries-and-timeouts.md",
    "which storage database": "providers/sqlite.md",
    "message when it fails telegram": "howto/notifications.md",
    "quiet logs silence": "howto/logs.md",
    "passwords secrets": "howto/secrets.md",
    "pickle security": "security.md",
    "cache expensive result": "howto/caching.md",
    "test a workflow": "howto/testing.md",
    "deploy to aws lambda": "deploying/aws.md",
    "backup retention delete old runs": "operations.md",
    "watch run browser": "dashboard.md",
    "coming from airflow": "migrating-from-airflow.md",
    "upgrade from 1.x": "migrating-from-dotflow-1.md",
}
FOUND = 5


def words(text: str) -> list[str]:
    """Return the words of a text, without the endings that search does not look at."""
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [
        re.sub(r"(ing|ies|es|ed|s|y)$", "", word) for word in found if len(word) > 2
    ]


@pytest.fixture(scope="module")
def sections() -> list[tuple[str, str, Counter[str], str]]:
    """Return each section of each page: page, heading, its words, and its text."""
    found = []
    for path in sorted(DOCS.glob("**/*.md")):
        page = path.relative_to(DOCS).as_posix()
        if page.startswith("adr/"):
            continue
        for part in re.split(
            r"^(?=#{1,3} )", path.read_text("utf-8"), flags=re.MULTILINE
        ):
            heading, _, text = part.partition("\n")
            counted = Counter(words(text))
            for word in words(heading):
                counted[word] += 10  # as the site's search does for titles
            found.append((page, heading, counted, text))
    return found


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_typed_leads_to_the_answer(
    typed: str, sections: list[tuple[str, str, Counter[str], str]]
) -> None:
    """One of the first results is the page with the answer, or links to it."""
    wanted = TYPED[typed]
    query = set(words(typed))
    rarity = {
        word: math.log(len(sections) / (1 + sum(word in s[2] for s in sections)))
        for word in query
    }

    def score(section: tuple[str, str, Counter[str], str]) -> float:
        length = math.sqrt(30 + section[2].total())
        return sum(rarity[w] * section[2][w] for w in query) / length

    best = sorted(sections, key=score, reverse=True)[:FOUND]
    target = Path(wanted).name
    assert any(page == wanted or target in text for page, _, _, text in best), [
        (page, heading) for page, heading, *_ in best
    ]
