"""The documents, and the commands in them."""

import re
from pathlib import Path

from tests import ROOT

PAGES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
         for path in (*sorted(ROOT.glob("[CRS]*.md")), *sorted((ROOT / "docs").rglob("*.md")))}


def commands(page: str) -> list[str]:
    """Commands in the blocks marked as sh, a line each, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.replace("\\\n", " ").splitlines()]


def place(page: str) -> Path:
    """The folder that a page's links start from."""
    return (ROOT / page).parent
