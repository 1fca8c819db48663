"""What the site has beside the pages of docs/: a hook of MkDocs, see `mkdocs.yml`.

The reference of the API is made from each package's `api.txt` and docstrings; changelog,
guarantees, architecture and examples are files of the repository, shown as pages.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# Files of the repository that are pages of the site.
SHOWN = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "GUARANTEES.md": "guarantees.md",
    "SECURITY.md": "reporting-a-weakness.md",
    "packages/dotflow-core/ARCHITECTURE.md": "architecture.md",
    "examples/README.md": "examples/index.md",
}
# A page of the reference, and the modules whose public names are on it.
REFERENCE = {
    "dotflow": ("dotflow",),
    "pipeline": ("dotflow.pipeline",),
    "providers": ("dotflow.providers",),
    "abc": ("dotflow.abc.",),
    "report": ("dotflow.report",),
    "testing": ("dotflow.testing",),
    "serving": ("dotflow.serving",),
    "delivery": ("dotflow.delivery",),
    "types": ("dotflow.types", "dotflow.errors", "dotflow.codec"),
    "aws": ("dotflow_aws",),
    "gcp": ("dotflow_gcp",),
    "dask": ("dotflow_dask",),
    "ray": ("dotflow_ray",),
    "otel": ("dotflow_otel",),
    "postgres": ("dotflow_postgres",),
    "redis": ("dotflow_redis",),
    "scheduler": ("dotflow_scheduler",),
    "schema": ("dotflow_schema",),
    "sentry": ("dotflow_sentry",),
    "server": ("dotflow_server",),
    "telegram": ("dotflow_telegram",),
    "discord": ("dotflow_discord",),
}
BOOST = {"questions.md": 4, "cli.md": 0.5, "guarantees.md": 0.5}
NAME = re.compile(r"^(?:class )?([a-z_.]+)\.([A-Za-z]\w*)(?:[(:]|$)", re.MULTILINE)
LINK = re.compile(
    r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^)\s#:]+)(?P<anchor>#[^)\s]*)?\)"
)
SHIM = re.compile(r'<script src="https://unpkg.com/iframe-worker/[^"]*"></script>')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that no file of docs/ is."""
    for source, page in pages().items():
        text = (ROOT / source).read_text("utf-8")
        if source.endswith(".py"):
            text = f"# {posixpath.basename(source)}\n\n```python\n{text}```\n"
        elif source.count("/") == 2 and source.startswith("examples/"):
            text = with_sources(ROOT / source, text)
        files.append(File.generated(config, page, content=text))
    for name, text in reference().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links to files of the repository to their pages; of others keep the text."""
    name = page.file.src_uri
    # Whoever searches has a question, rather than the name of a method.
    generated = name.startswith(("reference/", "examples/", "packages/", "changelog"))
    page.meta["search"] = {"boost": 0.2 if generated else BOOST.get(name, 1)}
    if name.startswith("reference/"):
        return markdown
    source = {page: file for file, page in pages().items()}.get(name, f"docs/{name}")
    here = posixpath.dirname(name) or "."

    def lead(match: re.Match[str]) -> str:
        target = posixpath.normpath(
            posixpath.join(posixpath.dirname(source), match["path"])
        )
        place = place_of(target)
        if place is None:
            return match["text"] or ""
        anchor = match["anchor"] or ""
        return f"[{match['text']}]({posixpath.relpath(place, here)}{anchor})"

    blocks = re.split(r"(^```.*?^```$)", markdown, flags=re.MULTILINE | re.DOTALL)
    blocks[::2] = [LINK.sub(lead, text) for text in blocks[::2]]
    return "".join(blocks)


def on_post_build(config: MkDocsConfig) -> None:
    """Take what the search needs from the site itself: its pages ask no other host."""
    top = Path(config.site_dir)
    for file in top.rglob("*.html"):
        here = posixpath.relpath("assets/iframe-worker.js", _folder(file, top))
        text = file.read_text("utf-8")
        file.write_text(SHIM.sub(f'<script src="{here}"></script>', text), "utf-8")


def _folder(file: Path, top: Path) -> str:
    return file.parent.relative_to(top).as_posix()


def place_of(target: str) -> str | None:
    """Return the page that shows a file or folder of the repository, if one does."""
    shown = pages()
    if target in ("README.md", "docs"):
        return "index.md"
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target.endswith(".py") and f"{posixpath.dirname(target)}/README.md" in shown:
        page = place_of(posixpath.dirname(target))
        if target not in shown:
            return f"{page}#{posixpath.basename(target).replace('.', '')}"
    return shown.get(target) or shown.get(f"{target}/README.md")


def pages() -> dict[str, str]:
    """Return the files of the repository that are pages, with what they are called."""
    folders = {
        path.relative_to(ROOT).as_posix(): f"examples/{path.parent.name}.md"
        for path in sorted(ROOT.glob("examples/*/README.md"))
    }
    packages = {
        path.relative_to(ROOT).as_posix(): f"packages/{path.parent.name}.md"
        for path in sorted(ROOT.glob("packages/*/README.md"))
    }
    scripts = {
        path.relative_to(ROOT).as_posix(): f"examples/{path.stem}.md"
        for path in sorted(ROOT.glob("examples/*.py"))
    }
    return {**SHOWN, **folders, **scripts, **packages}


def with_sources(readme: Path, text: str) -> str:
    """Return an example's page with its programs below."""
    parts = [text]
    for path in sorted(readme.parent.glob("*.py")):
        code = path.read_text("utf-8")
        parts.append(f"\n## `{path.name}`\n\n```python\n{code.rstrip()}\n```\n")
    return "".join(parts)


def reference() -> dict[str, str]:
    """Return the pages of the API, each with what is documented on it."""
    recorded = "\n".join(
        path.read_text("utf-8") for path in sorted(ROOT.glob("packages/*/api.txt"))
    )
    names = list(dict.fromkeys(NAME.findall(recorded)))
    made = {}
    for page, modules in REFERENCE.items():
        parts = [f"# `{modules[0].rstrip('.')}`\n"]
        for module, name in names:
            family = module.startswith(modules) and modules[0].endswith(".")
            if family or module in modules:
                parts.append(f"\n::: {module}.{name}\n")
        made[f"reference/{page}.md"] = "".join(parts)
    return made
