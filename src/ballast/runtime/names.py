r"""Names of files and classes as one line of text: any name that a file system allows, in tables and back.

A backslash, a control character, a separator of lines or paragraphs, and a byte that is not UTF-8 are written as
``\u`` and four hexadecimal digits; all other names stay as they are.
"""

import re
from pathlib import Path

from ballast.runtime.files import resolve_path

UNSAFE = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # Python reads stray bytes as U+DC80 to U+DCFF
ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def escaped(name: str | Path) -> str:
    """Return a name as tables and lists have it."""
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", str(name))


def unescaped(name: str | Path) -> str:
    """Return the name that ``escaped`` was given."""
    return ESCAPE.sub(lambda match: chr(int(match[1], 16)), str(name))


def image_path(name: str | Path) -> Path:
    """Return the path of an image whose name a table has."""
    return resolve_path(unescaped(name))
