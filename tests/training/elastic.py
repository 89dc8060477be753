"""One rank of a training, which torchrun may start again with other ranks: torchrun -m tests.training.elastic OUT.

It trains in float64, so that the number of ranks shows in the last digits alone, and writes its weights to OUT.
"""

import sys
import time
from dataclasses import replace

import torch

from ballast.encoders.model import build
from ballast.runtime.batchnorm import synchronize_batchnorm
from ballast.runtime.distributed import join_ranks, leave_ranks, world_size
from ballast.runtime.ranks import rank
from ballast.training.checkpoint import Checkpoint
from stages.common.supervise import stop_when_asked
from tests.builders import NETWORK, OPTIMIZATION, flat_weights
from tests.training.runs import training

EPOCHS = 12
SECONDS = 0.2  # that an epoch takes longer, so that it can be killed in the middle


def main(out: str) -> None:
    """Train, a little slowly; note after every epoch how many ranks there were."""
    torch.set_num_threads(1)
    stop_when_asked()
    join_ranks(torch.device("cpu"))
    model = synchronize_batchnorm(build(NETWORK, 1, 1).double())
    run = training("colt", replace(OPTIMIZATION, epochs=EPOCHS, lr=0.01), model=model)
    begin = run.begin_epoch

    def slowly(number: int):
        time.sleep(SECONDS)
        if rank() == 0:
            with open(f"{out}.ranks", "a") as file:
                file.write(f"{number} {world_size()}\n")
        return begin(number)

    run.begin_epoch = slowly
    run.train(Checkpoint({}, [], "elastic@colt"))
    if rank() == 0:
        torch.save(flat_weights(run.framework.model), out)
    leave_ranks()


if __name__ == "__main__":
    main(sys.argv[1])
