"""Train all repeats of one student, side by side, each under the guide of the same repeat."""

from dataclasses import replace
from types import SimpleNamespace

from stages.common.parameters import parameters, recipe_of
from stages.common.repeats import Repeat, repeats_of
from stages.common.supervise import run
from stages.common.trainings import Training, Work, train


def main(row: str, guide: str) -> int:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("network", "augment"))
    return train(work, [of_repeat(row, guide, repeat, p) for repeat in repeats_of(p)])


def of_repeat(row: str, guide: str, repeat: Repeat, p: SimpleNamespace) -> Training:
    """Return one training, which reads pool images if its guide distills on them."""
    training = Training("student", row, repeat, p, repeat.list("longtail"), guide=str(repeat.run(guide)))
    takes_pool = recipe_of(training.recipe)["guidance"]["distill_pool"]
    return replace(training, pool=repeat.pool("all")) if takes_pool else training


def work() -> Work:
    """Import what trains one repeat."""
    from stages.work.student import train

    return train


if __name__ == "__main__":
    run(main, "ROW GUIDE", ranks=True)
