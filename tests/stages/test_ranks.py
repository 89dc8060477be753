"""A stage in several processes, which the environment asks for and DVC does not know of."""

import numpy as np
import pytest

pytestmark = pytest.mark.long
LAUNCHER = {"BALLAST_LAUNCHER": "torchrun --standalone --nproc-per-node 2"}
LONELY = """
import torch

from ballast.runtime.distributed import join_ranks
from ballast.runtime.errors import BallastError
from ballast.runtime.ranks import rank
from stages.common.supervise import run


def main():
    join_ranks(torch.device("cpu"))
    if rank() == 1:
        raise BallastError("disk full")
    torch.distributed.barrier()


run(main, ranks=True)
"""


@pytest.fixture(scope="module")
def project(make_project):
    return make_project()


def test_what_all_ranks_lack_is_said_once(project):
    done = project.stage("pretrain colt longtail all none", check=False, **LAUNCHER)
    assert done.returncode != 0 and done.stdout.count("pretrain: data/recipes/pretrain/colt.yaml: ") == 1


def test_two_processes_embed_and_train_as_one_does(project, finished):
    done = project.run("dvc", "repro", "embed", "pretrain@colt", **LAUNCHER).stdout
    assert done.count("pretrain: 4/4") == 4  # two repeats of simclr and colt: one rank shows the progress
    for row in ("simclr", "colt"):
        ours, theirs = (np.genfromtxt(p.folder / f"runs/{row}/1/history.csv", delimiter=",", skip_header=1)
                        for p in (project, finished))
        assert ours.shape == theirs.shape and np.isfinite(ours[:, 2]).all()
        assert abs(ours[0, 2] - theirs[0, 2]) < 1e-3  # the first epoch: later ones amplify every rounding
    shards = sorted((project.folder / "data/embed").rglob("*.npy"))
    assert [(path.parent.name, np.load(path).dtype) for path in shards] == [
        (name, np.float16) for _ in range(2) for name in ("in_domain", "pool", "000", "001")]
    assert not list((project.folder / ".scratch").iterdir())


def test_a_rank_that_fails_alone_ends_all(project):
    (project.folder / "stages/lonely.py").write_text(LONELY)
    done = project.stage("lonely", check=False, **LAUNCHER)
    assert done.returncode != 0 and done.stdout.count("rank 1: lonely: disk full") == 1
