"""Evaluate the frozen encoders of a row, all repeats side by side; write their mean with its error, and each repeat.

What reports need of the row's training is passed on beside it, so that a report depends on the rows that are shown and
on no others.
"""

import json
from functools import partial
from importlib import import_module

import pandas as pd

from ballast.evaluation.groups import RULES, STD_RULE
from ballast.evaluation.repeats import mean_and_error, numbers
from ballast.runtime.files import write_atomic
from ballast.runtime.portable import processor
from stages.common.files import write_metrics
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side

PASSED_ON = ("history", "trace", "memory")  # tables of a training


def main(row: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable",
                   profile=("network", "logistic", "svm", "sgd", "sgd_fewshot", "finetune", "knn"), dataset=("groups",))
    repeats, work = repeats_of(p), import_module("stages.work.evaluate")
    results = side_by_side(partial(work.evaluate, p, row), repeats, [f"{row}, repeat {r.number}" for r in repeats])
    facts = {"repeats": p.repeats, "data": p.dataset.name, "split": numbers([r.split for r in repeats]),
             "seed": numbers([r.seed for r in repeats]), "processor": processor(p.portable)}
    singles = pd.DataFrame([{**repeat._asdict(), "protocol": protocol, **values}
                            for repeat, result in zip(repeats, results)
                            for protocol, values in result.accuracy.items()]).rename(columns={"number": "repeat"})
    write_atomic(f"runs/repeats/{row}.csv", singles.round(2).to_csv(index=False))
    means = {protocol: mean_and_error([result.accuracy[protocol] for result in results])
             for protocol in results[0].accuracy}
    write_metrics(f"metrics/{row}.json", {**means.get("linear", {}), **facts})
    geometry = mean_and_error([result.geometry for result in results])
    write_metrics(f"metrics/protocols/{row}.json",
                  {**{name: values for name, values in means.items() if name != "linear"}, "features": geometry,
                   **facts}, digits=4)
    write_atomic(f"runs/per_class/{row}.csv", joined(repeats, [result.per_class for result in results]))
    write_atomic(f"runs/protocol/{row}.json", json.dumps(protocol(p, results[0].lists, facts), indent=2) + "\n")
    for name in PASSED_ON:
        write_atomic(f"runs/{name}/{row}.csv", passed_on(row, repeats, name))


def protocol(p, lists: dict[str, int], facts: dict) -> dict[str, str]:
    """Return how the numbers were made, to stand beside them."""
    rules = {"groups": RULES[p.dataset.groups], "std": STD_RULE,
             **{name: str(value) for name, value in facts.items()}}
    return {**rules, "lists": f"linear on {lists['probe']} images (probe), few-shot on {lists['few']} (few), "
                              f"imbalanced on {lists['longtail']} (longtail); in the first repeat",
            "kNN": f"k={p.profile.knn.k}, t={p.profile.knn.temperature} with the probe list; kNN@1 and kNN@10 with "
                   f"the long-tailed list"}


def joined(repeats: list[Repeat], tables: list[pd.DataFrame]) -> str:
    """Return the tables of all repeats as one CSV, whose first column is the repeat."""
    return pd.concat([table.assign(repeat=repeat.number)[["repeat", *table.columns]]
                      for repeat, table in zip(repeats, tables)]).to_csv(index=False)


def passed_on(row: str, repeats: list[Repeat], name: str) -> str:
    """Return a table of the row's training; nothing where its training has no such table, as a student's."""
    paths = [repeat.run(row) / f"{name}.csv" for repeat in repeats]
    return joined(repeats, [pd.read_csv(path) for path in paths]) if paths[0].exists() else "\n"


if __name__ == "__main__":
    run(main, "ROW")
