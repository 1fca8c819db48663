from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
READMES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The comment lines right under a `print` say what it prints.
OUTPUT = re.compile(r"^print\(.*\)\n((?:# .*\n)+)", re.MULTILINE)


@pytest.mark.parametrize("path", READMES, ids=lambda p: str(p.relative_to(ROOT)))
def test_readme_examples(path: Path, tmp_path: Path) -> None:
    """Every Python example of a README runs and prints what its comments say."""
    blocks = BLOCK.findall(path.read_text("utf-8"))
    assert blocks
    for block in blocks:
        script = tmp_path / "example.py"
        script.write_text(block, encoding="utf-8")
        result = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,  # of a machine that is busy with others
        )
        assert result.returncode == 0, result.stderr
        for comments in OUTPUT.findall(block):
            for line in comments.splitlines():
                assert line.removeprefix("# ") in result.stdout.splitlines()
