"""``ballast recommend``: which row for data of one's own, from what was measured."""

from ballast.report.recommend import BASE, advise, evidence
from ballast.report.tables import as_text
from ballast.runtime.errors import BallastError


def recommend(images: int, separability: float | None, times: float) -> None:
    """Print the advice and its evidence; the arguments are those of the command line."""
    if images < 1:
        raise BallastError(f"--images {images}: expected at least 1")
    if separability is not None and not 0.5 <= separability <= 1:
        raise BallastError(f"--separability {separability}: expected 0.5 to 1, as `ballast audit` writes it")
    if not times >= 1:
        raise BallastError(f"--times {times}: expected at least 1, the cost of {BASE}")
    runs = evidence()
    found = advise(runs, images, separability, times)
    like = runs[runs["data"] == found.data].iloc[0]
    pool = f", pool of {like['pool']} with separability {like['separability']:.2f}" if separability is not None else ""
    print(f"Most like yours, of the data that was measured: {found.data}, {like['images']} images{pool}. Rows that "
          f"cost at most {times:g} times {BASE}:\n")
    print(as_text(found.table))
    if len(found.elsewhere):
        print(f"\n{found.row} on all data on which it was measured, the most similar first:\n")
        print(as_text(found.elsewhere))
    less = f"; {', '.join(found.equals)} cost less, and cannot be told from it" if found.equals else ""
    print(f"\nTake {found.row}: the highest mean of All and Few{less}. docs/recommend.md says how this was measured.")
