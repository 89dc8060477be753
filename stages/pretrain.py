"""Train one method: the seed list alone, with selected pool images, or with rounds of sampling from the pool."""

import torch

from ballast.config.merge import merged
from ballast.encoders.model import build, save_model
from ballast.images.store import load_store, read_files
from ballast.runtime.device import prepare
from ballast.runtime.distributed import rank, start, stop, synchronised
from ballast.runtime.files import load_array, write_atomic
from ballast.training import method as methods
from ballast.training.rounds import Pretraining
from ballast.training.scratch import Scratch
from stages.settings import parameters
from stages.supervise import run


def main(method: str, seed_list: str, extra: str) -> int:
    p = parameters(method)
    settings = merged(p.profile["pretrain"], p.method["pretrain"], p.profile.get("tuned", {}).get(method, {}))
    device = start(prepare(p.threads, p.deterministic))
    images = load_store("data/images/train").take(torch.from_numpy(load_array(seed_list))).to(device)
    added = None if extra == seed_list else load_store(extra, device)  # dvc.yaml repeats the list to add nothing
    model = synchronised(build(p.profile["network"], images.channels, p.seed, settings.get("layers", 2)).to(device))
    if not len(images):
        if rank() > 0:
            return 0
        print(f"pretrain: {seed_list} is empty: {method} stays as it was initialised, the report leaves it out")
        save_model(model, f"runs/{method}", images.size, images.short)
        for name, column in (("history", "epoch"), ("trace", "epoch"), ("memory", "position")):
            write_atomic(f"runs/{name}/{method}.csv", f"{column}\n")
        return 0
    training = Pretraining(
        methods.framework(settings, model), images, added, methods.optimisation(settings), p.profile["augment"], p.seed,
        methods.method(settings, p.profile.get("sampling")))
    scratch = Scratch(vars(p), ["data/images/train", seed_list, extra])
    training.train(scratch)
    scratch.check_code()
    stop()
    seen = training.state.images_seen()
    if rank() > 0:
        return seen
    save_model(model, f"runs/{method}", images.size, images.short)
    trace = training.trace()
    if len(trace):
        trace["path"] = read_files(extra)["path"].to_numpy()[trace["pool"]]
    for name, table in (("history", training.state.history_frame()), ("trace", trace),
                        ("memory", training.remembered())):
        write_atomic(f"runs/{name}/{method}.csv", table.to_csv(index=False))
    scratch.remove()
    return seen


if __name__ == "__main__":
    run(main, "METHOD LIST EXTRA", ranks=True)
