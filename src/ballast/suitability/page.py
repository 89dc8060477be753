"""What the measures of a pool say: sentences, and a page in Markdown."""

from collections.abc import Iterator

import pandas as pd

from ballast.suitability.measure import SPARSE

BARE = 0.1  # coverage of a cluster that the pool hardly covers
SHOWN = 20  # leaks on the page


def sentences(found: dict[str, float], clusters: pd.DataFrame) -> Iterator[str]:
    """Yield what the measures say, a sentence each."""
    yield (f"{found['coverage']:.0%} of the in-domain images have a pool image in their neighbourhood; of the "
           f"{SPARSE} sparsest clusters {found['coverage_sparse']:.0%}.")
    yield (f"A classifier tells the sets apart with an AUC of {found['separability']:.2f} (0.5: not at all; 1: "
           f"always); kernel distance (MMD^2) {found['mmd2']:.3f}.")
    yield (f"To this encoder, {found['duplicates']:.1%} of the pool have a near duplicate in it, and "
           f"{found['copies']:.1%} one among the in-domain images.")
    bare = clusters[clusters["coverage"] < BARE]
    if len(bare):
        yield (f"Clusters that the pool hardly covers: {', '.join(map(str, bare['cluster']))} "
               f"({bare['images'].sum()} in-domain images).")


def page(values: dict[str, float], clusters: pd.DataFrame, leaked: pd.DataFrame | None, images: int, pool: int) -> str:
    """Return the page in Markdown."""
    parts = ["# Will this pool help?", "", f"{images:,} in-domain images, {pool:,} pool images; no label was used. "
             "docs/suitability.md says how well these measures have predicted a gain, and how leaks are found.", "",
             *(f"- {text}" for text in sentences(values, clusters)), "",
             "Clusters of the in-domain images, the sparsest first:", "",
             clusters.round(3).to_markdown(index=False), ""]
    if leaked is not None:
        parts += [f"{len(leaked)} pool images are near duplicates of evaluation images.", ""]
    if leaked is not None and len(leaked):
        parts += ["Remove them from the pool; the most similar:", "", leaked[:SHOWN].to_markdown(index=False), ""]
    return "\n".join(parts)
