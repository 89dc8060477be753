"""Measure what a shortlist loses: the part of MAK's and of COLT's choice from the whole pool that it holds (minutes).

    python -m scripts.shortlists OUT.csv

It reads what the workspace has embedded and scored (data/embed, data/scores) of every repeat, and trains nothing.
COLT's choice is that of a first round by these embeddings: clusters, budgets by sparsity, nearest images.
"""

import sys
from types import SimpleNamespace

import pandas as pd
import torch
from torch import Tensor

from ballast.config.build import build
from ballast.config.files import read_chosen, read_params
from ballast.config.selections import BY_RULE, Selection
from ballast.embeddings.clusters import kmeans
from ballast.ideas.colt import Settings
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic
from ballast.selection.budget import budgets, cluster_means
from ballast.selection.choose import Evidence, choose
from ballast.selection.nearest import nearest_to_centres
from ballast.tailness.sparsity import neighbourhood_density
from stages.common.repeats import Repeat, repeats_of
from stages.select_pool import seen

SHARES = (0.05, 0.1, 0.25)
RULES = ("random", "semdedup", "hkmeans", "retrieval")  # names of selections; k-center and facility take minutes each


def main(out: str) -> None:
    """Write a line for each repeat, rule, share and method; print the means."""
    params = read_params()
    budget = read_chosen(params, "profile")["sampling"]["budget"]
    repeats = repeats_of(SimpleNamespace(**params))
    lines = [line for repeat in repeats for line in of_repeat(repeat, params["selections"], budget)]
    table = pd.DataFrame(lines)
    write_atomic(out, table.to_csv(index=False))
    print(recalls(table).reset_index().to_markdown(index=False))


def of_repeat(repeat: Repeat, selections: dict[str, dict], budget: int) -> list[dict[str, object]]:
    """Return the recalls of one repeat."""
    images = len(pd.read_parquet(f"data/scores/{repeat.number}.parquet", columns=["pool"]))
    looks = seen("scores", repeat, images, torch.device("cpu"))
    wanted = {"mak": choose(selection_of(selections["mak"]), looks, budget, repeat.seed)["pool"],
              "colt": pd.Series(colt(looks, budget).numpy())}
    lines = []
    for rule, share in ((rule, share) for rule in (*RULES, "retrieval, sparsity") for share in SHARES):
        name, _, how = rule.partition(", ")
        block = {**selections[name], "share": share, **({"budgets": how} if how else {})}
        if name == "semdedup":
            block["kept"] = max(block["kept"], share)
        listed = choose(selection_of(block), looks, budget, repeat.seed)["pool"]
        lines += [{"repeat": repeat.number, "shortlist": rule, "share": share, "method": method,
                   "recall": round(float(chosen.isin(listed).mean()), 4)} for method, chosen in wanted.items()]
    return lines


def selection_of(block: dict) -> Selection:
    """Return a selection of params.yaml as its class."""
    return build(BY_RULE[block["rule"]], block)


def colt(looks: Evidence, budget: int) -> Tensor:
    """Return the pool images of a first round of COLT by the embeddings."""
    z, settings = looks.in_domain.float(), Settings()
    label, centres = kmeans(z, settings.clusters)
    density = cluster_means(neighbourhood_density(z, int(settings.neighbours)), label, len(centres))
    share = budgets(density, budget, settings.temperature, settings.remainder)
    return nearest_to_centres(looks.pool, centres, share)[0]


def recalls(table: pd.DataFrame) -> pd.DataFrame:
    """Return mean ± standard error of the recall: a line for each shortlist and method, a column for each share."""
    groups = table.groupby(["shortlist", "method", "share"], sort=False)["recall"]
    error = groups.std(ddof=1) / groups.count() ** 0.5
    cells = groups.mean().map("{:.2f}".format) + error.map(lambda value: f" ± {value:.2f}" if value == value else "")
    return cells.unstack().rename(columns=lambda share: f"{share:.0%} of the pool")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (BallastError, TypeError) as error:
        sys.exit(f"shortlists: {error}")
