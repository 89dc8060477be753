"""Train all repeats of one student, side by side, each under the guide of the same repeat."""

from stages.common.parameters import parameters
from stages.common.repeats import repeats_of
from stages.common.supervise import run
from stages.common.trainings import Training, Work, train


def main(row: str, guide: str) -> int:
    p = parameters("repeats", "seed", "split", "threads", "deterministic", "portable", profile=("network", "augment"))
    return train(work, [Training("student", row, repeat, p, repeat.list("longtail"), guide=str(repeat.run(guide)))
                        for repeat in repeats_of(p)])


def work() -> Work:
    """Import what trains one repeat."""
    from stages.work.student import train

    return train


if __name__ == "__main__":
    run(main, "ROW GUIDE", ranks=True)
