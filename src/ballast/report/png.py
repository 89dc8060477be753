"""Figures as PNG bytes: the same figure gives the same bytes."""

import io

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

COLORS = 256


def as_png(figure: Figure, photographs: bool = False) -> bytes:
    """Return a figure as PNG. Without photographs 256 colors do, at a third of the size."""
    drawn, buffer = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None})
    if photographs:
        return drawn.getvalue()
    Image.open(drawn).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def with_legend(axes: Axes) -> bytes:
    """Return a figure with one plot as PNG, its legend to the right."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    axes.grid(alpha=0.3)
    return as_png(axes.figure)
