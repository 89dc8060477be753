"""Run stages on a logical GPU, in a project that has run: BALLAST_DEVICE=cuda python -m tests.device.stages.

The pieces of a stage run one after the other in this process, and nothing is taken from an earlier run.
"""

import stages  # noqa: F401  # isort: skip  (it sets what libraries read when they are loaded)

import json
from importlib import import_module

from stages.common import finished, workers
from tests.device.gpu import logical_gpu

STAGES = ("pretrain simclr longtail none none", "pretrain bcl-colt longtail all none", "embed simclr", "score_pool",
          "select_pool kcenter all", "select_pool mak all", "student guided guide", "evaluate simclr",
          "diagnose simclr", "suitability simclr", "inspect_selection")


def main() -> None:
    """Print a line of JSON for every stage."""
    workers.side_by_side = lambda work, items, names: [work(item) for item in items]
    finished.brought_back = lambda key, outputs: False
    for line in STAGES:
        name, *words = line.split()
        with logical_gpu() as found:
            import_module(f"stages.{name}").main(*words)
        print(json.dumps([line, *map(dict, (found.errors, found.alerts, found.launches))]), flush=True)


if __name__ == "__main__":
    main()
