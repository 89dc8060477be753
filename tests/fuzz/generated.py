"""Strategies: strange values, and damage to bytes and to texts."""

import math

from hypothesis import strategies as st

STRANGE = [None, True, False, 0, -1, 1, 2, 10**9, 10**30, -(10**30), 0.0, -0.0, 1e-300, 1e300, 0.5, -0.5, math.inf,
           -math.inf, math.nan, "", "a", "1e-5", "../x", "\n", "\x00", "é\u2028😀", "x" * 100_000, [], [[]],
           [0], [1, 2, 3, 4], ["a"] * 50, {}, {"a": 1}, {"": {}}]
SPECIAL = [b"", b"\x00", b"\xff", b"\x00" * 8, b"\xff" * 8, b"\x80\x00\x00\x00", b"\x7f\xff\xff\xff", b"\n", b",", b'"',
           b"{", b"]", b"../", b"999999999999"]


def near(value: object) -> st.SearchStrategy:
    """Values that may stand in place of one: strange ones, and numbers around a number."""
    strange = st.sampled_from(STRANGE)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return strange
    factors = st.sampled_from([0.001, 0.1, 0.5, 0.9, 1.1, 2, 3, 10, 1000, -1])
    return strange | factors.map(lambda factor: type(value)(value * factor)) | st.floats(-1e6, 1e6).map(type(value))


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, changes: int = 4) -> bytes:
    """Bytes with some places overwritten, cut out, doubled or filled, or cut off."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, changes))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 4, 64]))
        kind = draw(st.sampled_from(["bit", "special", "noise", "double", "cut off"]))
        if kind == "bit" and start < len(content):
            content[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "special":
            content[start : start + length] = draw(st.sampled_from(SPECIAL))
        elif kind == "noise":
            content[start : start + length] = draw(st.binary(max_size=16))
        elif kind == "double":
            content[start:start] = content[start : start + length]
        elif kind == "cut off":
            del content[start:]
    return bytes(content)


@st.composite
def changed_text(draw: st.DrawFn, text: str) -> str:
    """A text with lines removed, doubled, indented or swapped, and pieces of YAML's grammar put in."""
    lines = text.split("\n")
    pieces = [":", ": ", "- ", "#", " #", "'", '"', "[", "]", "{", "}", ",", "&a ", "*a", "!!str ", "!x ", "|", ">",
              "\t", "  ", "---", "...", "<<: ", "?", "%", "@", "~", "0x", "1:30", "010", "\r", "\u2028", "é",
              "\x00", "\ufeff"]
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["remove", "double", "indent", "outdent", "put in", "put in", "swap"]))
        if kind == "remove" and len(lines) > 1:
            del lines[place]
        elif kind == "double":
            lines.insert(place, lines[place])
        elif kind == "indent":
            lines[place] = " " + lines[place]
        elif kind == "outdent":
            lines[place] = lines[place][1:]
        elif kind == "put in":
            at = draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:at] + draw(st.sampled_from(pieces)) + lines[place][at:]
        else:
            other = draw(st.integers(0, len(lines) - 1))
            lines[place], lines[other] = lines[other], lines[place]
    return "\n".join(lines)
