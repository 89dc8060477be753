"""``ballast audit``: ask whether a pool can help, from embeddings alone and before any training."""

import json
from pathlib import Path

from ballast.embeddings.vectors import unit_vectors
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.suitability.leaks import leaks
from ballast.suitability.measure import suitability
from ballast.suitability.page import page, sentences


def audit(in_domain: list[str], pool: list[str], out: Path, evaluation: list[str] = (), seed: int = 1
          ) -> None:
    """Write a page and its numbers; the arguments are those of the command line."""
    if out.suffix != ".md":
        raise BallastError(f"--out {out}: expected a name that ends in .md")
    seeds, vectors = unit_vectors(in_domain), unit_vectors(pool)
    tested = unit_vectors(evaluation) if evaluation else None
    for files, z in ((pool, vectors), (evaluation, tested)):
        if z is not None and z.shape[1] != seeds.shape[1]:
            raise BallastError(f"{files[0]}: expected rows of {seeds.shape[1]} numbers, as in {in_domain[0]}, got "
                               f"{z.shape[1]}")
    if len(seeds) < 20:
        raise BallastError(f"{in_domain[0]}: expected at least 20 in-domain images, got {len(seeds)}")
    found, clusters = suitability(seeds, vectors, seed)
    values = found.rounded()
    leaked = None if tested is None else leaks(vectors, seeds, [tested])
    write_atomic(out, page(values, clusters, leaked, len(seeds), len(vectors)))
    counted = {} if leaked is None else {"leaks": len(leaked)}
    write_atomic(out.with_suffix(".json"), json.dumps({**values, **counted}, indent=2) + "\n")
    print("\n".join(sentences(values, clusters)))
    print(f"page to {out}, numbers to {out.with_suffix('.json')}")
