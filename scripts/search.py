"""Ask the search of the site what newcomers ask: `hatch run screenshots:search`.

It opens `site/`, which `hatch run docs` makes, in Debian's chromium, types what
`tests/test_questions.py` lists, and looks whether one of the first results is a section of
the page with the answer, or links to it. The test itself has only a model of that search.
"""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
RESULT = "a.md-search-result__link"
PATIENCE = 10_000  # ms


def main() -> int:
    """Type everything, and tell what leads nowhere; return how much that is."""
    asked = runpy.run_path(str(ROOT / "tests" / "test_questions.py"))
    typed: dict[str, str] = asked["TYPED"]
    lost = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        for text, answer in typed.items():
            found = results(page, text)[: asked["FOUND"]]
            wanted = answer.replace(".md", ".html")
            if not any(leads(place, wanted) for place in found):
                lost += 1
                print(f"{text!r} does not lead to {answer}, but to {found}")
        browser.close()
    print(f"{len(typed) - lost} of {len(typed)} questions lead to their answer")
    return lost


def results(page: Page, text: str) -> list[str]:
    """Return what the search finds, best first, as paths in the site with anchors."""
    page.goto(f"{(SITE / 'index.html').as_uri()}?q={quote(text)}")
    try:
        page.wait_for_selector(RESULT, state="attached", timeout=PATIENCE)
    except Error:  # in time there was none
        return []
    links = page.eval_on_selector_all(RESULT, "links => links.map(link => link.href)")
    places = (re.sub(r"\?[^#]*", "", link) for link in links)
    return list(
        dict.fromkeys(place.removeprefix(f"{SITE.as_uri()}/") for place in places)
    )


def leads(place: str, wanted: str) -> bool:
    """Say whether a section is of a page, or links to it."""
    name, _, anchor = place.partition("#")
    text = (SITE / name).read_text("utf-8")
    section = text[text.find(f'id="{anchor}"') if anchor else text.find("<h1") + 1 :]
    section = re.split(r"<h[123][ >]", section, maxsplit=1)[0]
    return name == wanted or wanted.rpartition("/")[2] in section


if __name__ == "__main__":
    sys.exit(main() > 0)
