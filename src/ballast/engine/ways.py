"""Who computes the shards of a pool: this process, a rank of torchrun, or the actors of Ray Data."""

import os

import torch

from ballast.engine.embedder import Embedder
from ballast.engine.pool import Pool
from ballast.runtime.device import device
from ballast.runtime.errors import BallastError
from ballast.runtime.progress import track
from ballast.runtime.ranks import number_of, rank


def by_loop(pool: Pool) -> None:
    """Compute what is missing; under torchrun or SLURM's srun, each rank takes its part and waits for no other."""
    missing = [shard for shard in pool.shards()[rank() :: number_of("WORLD_SIZE", 1)] if not pool.is_done(shard)]
    if not missing:
        return
    if device().type == "cuda":
        torch.cuda.set_device(number_of("LOCAL_RANK", 0))
    embedder = Embedder(pool.encoder)
    for shard in track(missing, "embed", unit="shard"):
        pool.make(shard, embedder)


class Actor:
    """What Ray Data keeps on each worker: an Embedder, and the folder that all workers see."""

    def __init__(self, pool: Pool, place: str) -> None:
        """Load the encoder, and go where relative addresses of images start."""
        os.chdir(place)
        self.pool, self.embedder = pool, Embedder(pool.encoder)

    def __call__(self, batch: dict) -> dict:
        """Compute the shards of a batch."""
        for shard in batch["item"]:
            self.pool.make(int(shard), self.embedder)
        return batch


def by_ray(pool: Pool) -> None:
    """Compute what is missing by Ray Data: on the cluster that RAY_ADDRESS names, or else on this machine."""
    try:
        import ray
    except ImportError as error:
        raise BallastError('--engine ray: expected Ray Data, got none; run pip install "ballast-ssl[ray]"') from error
    missing = [shard for shard in pool.shards() if not pool.is_done(shard)]
    if not missing:
        return
    ray.init(ignore_reinit_error=True, log_to_driver=False)
    gpus = int(ray.cluster_resources().get("GPU", 0))
    workers = min(len(missing), gpus or max(1, int(ray.cluster_resources()["CPU"])))
    shards = ray.data.from_items(missing, override_num_blocks=len(missing))
    try:
        shards.map_batches(Actor, fn_constructor_args=[pool, os.getcwd()], batch_size=1,
                           compute=ray.data.ActorPoolStrategy(size=workers),
                           **({"num_gpus": 1} if gpus else {"num_cpus": 1})).materialize()
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, BallastError):
            raise error.cause from error
        raise
    finally:
        ray.shutdown()


WAYS = {"loop": by_loop, "ray": by_ray}
