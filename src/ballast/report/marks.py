"""Text between marks: pages of documentation hold tables between ``<!-- name -->`` and ``<!-- /name -->``."""

import re

MARK = re.compile(r"<!-- ([\w -]+) -->\n.*?<!-- /\1 -->", re.DOTALL)


def filled(page: str, blocks: dict[str, str]) -> str:
    """Return a page with the text between its marks replaced; marks without an entry in ``blocks`` stay as they are."""
    def block(mark: re.Match) -> str:
        name = mark[1]
        return f"<!-- {name} -->\n\n{blocks[name].strip()}\n\n<!-- /{name} -->" if name in blocks else mark[0]

    return MARK.sub(block, page)


def marks(page: str) -> list[str]:
    """Return the names of the marks of a page, in order."""
    return [mark[1] for mark in MARK.finditer(page)]
