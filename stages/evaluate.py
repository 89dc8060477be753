"""Evaluate the frozen encoders of a row, all repeats side by side; write their mean with its error, and each repeat.

`make repro` fills idle cores with rows that come later.

What reports need of the row's training is passed on beside it, so that a report depends on the rows that are shown and
on no others.
"""

import json
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import pandas as pd

from ballast.config.files import read_params
from ballast.evaluation.groups import RULES, STD_RULE
from ballast.evaluation.repeats import mean_and_error, numbers
from ballast.runtime.files import write_atomic
from ballast.runtime.portable import processor
from ballast.runtime.tables import read_table
from stages.common.ahead import has_nothing, works_ahead
from stages.common.files import NO_TABLE, devices_of, write_metrics
from stages.common.finished import brought_back, keep, key
from stages.common.parameters import parameters
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.workers import side_by_side

PASSED_ON = ("history", "trace", "rounds", "memory")  # tables of a training
SHARED_IMPORTS = ("torch._dynamo", "sklearn.linear_model", "sklearn.neighbors", "sklearn.pipeline", "sklearn.svm")


def main(row: str) -> None:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable",
                   profile=("network", "logistic", "svm", "sgd", "sgd_fewshot", "finetune", "knn"), dataset=("groups",))
    repeats = repeats_of(p)
    if brought_back(key_of(p, row), outputs(row)):
        return
    rows = [row, *(later(p, row) if works_ahead() else [])]
    for module in SHARED_IMPORTS:
        import_module(module)
    from stages.work.evaluate import evaluate  # here, because a row whose results are there must end quickly

    pieces = [(row, repeat) for row in rows for repeat in repeats]
    found = dict(zip(pieces, side_by_side(partial(evaluate, p), pieces,
                                          [f"{row}, repeat {repeat.number}" for row, repeat in pieces])))
    for row in rows:
        write(p, row, repeats, [found[row, repeat] for repeat in repeats])
        keep(key_of(p, row), outputs(row))


def key_of(p: SimpleNamespace, row: str) -> str:
    """Return the digest of all that the results of a row depend on."""
    return key(vars(p), ["data/images", "data/labels", "data/split", f"runs/{row}"], "stages/evaluate.py")


def later(p: SimpleNamespace, row: str) -> list[str]:
    """Return the other rows that are shown and trained, and have no results yet."""
    return [other for other in read_params()["show"]
            if other != row and has_nothing(f"evaluate@{other}", f"runs/repeats/{other}.csv")
            and all(repeat.run(other).exists() for repeat in repeats_of(p))]


def outputs(row: str) -> list[str]:
    """Return the files that the stage writes of a row."""
    return [f"metrics/{row}.json", f"metrics/protocols/{row}.json", f"runs/protocol/{row}.json",
            *(f"runs/{name}/{row}.csv" for name in ("repeats", "per_class", *PASSED_ON))]


def write(p: SimpleNamespace, row: str, repeats: list[Repeat], results: list) -> None:
    """Write what the repeats of a row gave: each of them, and their means with errors."""
    facts = {"repeats": p.repeats, "data": p.dataset.name, "split": numbers([r.split for r in repeats]),
             "seed": numbers([r.seed for r in repeats]), "processor": processor(p.portable),
             "device": f"{devices_of([repeat.run(row) for repeat in repeats])}; {p.profile.network.precision}"}
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
    """Return a table of the row's training; an empty one where its training has no such table, as a student's."""
    tables = [read_table(repeat.run(row) / f"{name}.csv") for repeat in repeats]
    return NO_TABLE.to_csv(index=False) if list(tables[0]) == list(NO_TABLE) else joined(repeats, tables)


if __name__ == "__main__":
    run(main, "ROW")
