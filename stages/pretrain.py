"""Pre-train all repeats of one row, side by side; `make repro` fills idle cores with rows that come later."""

from types import SimpleNamespace

from ballast.config.files import read_params
from stages.common.ahead import has_nothing, works_ahead
from stages.common.parameters import parameters
from stages.common.repeats import NOTHING, repeats_of
from stages.common.supervise import run
from stages.common.trainings import Training, Work, train


def main(row: str, images: str, pool: str, weights: str) -> int:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("network", "augment"))
    return train(work, of_row(p, row, images, pool, weights), later(p, row) if works_ahead() else [])


def work() -> Work:
    """Import what trains one repeat."""
    from stages.work.pretrain import train

    return train


def of_row(p: SimpleNamespace, row: str, images: str, pool: str, weights: str) -> list[Training]:
    """Return the trainings of a row."""
    return [Training("pretrain", row, repeat, p, repeat.list(images), repeat.pool(pool), seen=repeat.seen(pool),
                     start=repeat.start(weights)) for repeat in repeats_of(p)]


def later(p: SimpleNamespace, row: str) -> list[Training]:
    """Return the trainings of other rows that wait for nothing and have nothing yet."""
    return [training for other, item in read_params()["methods"].items()
            if other != row and item["pool"] in ("none", "all") and item["weights"] == NOTHING
            and has_nothing(f"pretrain@{other}", f"runs/{other}")
            for training in of_row(p, other, **{key: item[key] for key in ("images", "pool", "weights")})]


if __name__ == "__main__":
    run(main, "ROW LIST POOL WEIGHTS", ranks=True)
