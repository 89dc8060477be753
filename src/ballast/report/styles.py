"""Colors, lines, markers and hatches of the rows: no two rows look alike, and a row looks the same in every figure."""

from collections.abc import Sequence

COLORS = ["#777777", "#000000", "#E69F00", "#56B4E9", "#D55E00", "#CC79A7", "#009E73", "#0072B2", "#F0E442", "#8C510A",
           "#88CCEE", "#882255"]
ROWS = ["balanced", "simclr", "sdclr", "bcl", "random", "kcenter", "mak", "colt", "sdclr-colt", "bcl-colt", "guide",
        "guided", "matched"]  # these keep their color whatever is shown; other rows take the next free styles
LINES = ["-", "--", "-.", ":"]
MARKERS = ["", "o", "s", "^", "v", "D"]
DARK = ["#000000", "#0072B2", "#8C510A", "#882255"]  # a black hatch would not be seen on these
HATCHES = ["", "//", "xx", "..", "\\\\", "++"]


def numbers(rows: Sequence[str]) -> dict[str, int]:
    """Return the number of the style of every row.

    Rows of the default have their own numbers. The others follow, in the order in which they are shown.
    """
    others = [row for row in dict.fromkeys(rows) if row not in ROWS]
    return {row: ROWS.index(row) if row in ROWS else len(ROWS) + others.index(row) for row in rows}


def line(number: int) -> dict:
    """Return the color, dashes and marker of a line; the first 48 numbers differ without a marker."""
    turn = number // len(COLORS)
    return {"color": COLORS[number % len(COLORS)], "linestyle": LINES[(number + turn) % len(LINES)],
            "marker": MARKERS[turn // len(LINES) % len(MARKERS)]}


def bar(number: int) -> dict:
    """Return the color and hatch of a bar; hatches have the color of edges."""
    turn, color = number // len(COLORS), COLORS[number % len(COLORS)]
    return {"color": color, "hatch": HATCHES[turn % len(HATCHES)], "linewidth": 0,
            "edgecolor": "white" if color in DARK else "black"}
