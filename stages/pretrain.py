"""Train one method: the seed list alone, with selected pool images, or with rounds of sampling from the pool."""

from common import parameters, run

from ballast.data.store import load_array, load_images
from ballast.device import prepare
from ballast.encoders.model import build, save_weights
from ballast.files import write_atomic
from ballast.training.optimisation import Optimisation
from ballast.training.resampling import Resampling
from ballast.training.rounds import Domain, Pretraining, Semantic
from ballast.training.scratch import Scratch


def main(method: str, seed_list: str, extra: str) -> None:
    p = parameters(method)
    row, device = p.method["pretrain"], prepare(p.threads)
    images = load_images("data/images/train.npy")[load_array(seed_list)]
    added = None if extra == seed_list else load_images(extra)  # dvc.yaml repeats the list where nothing is added
    model = build(p.profile["network"], images.shape[1], p.seed).to(device)
    training = Pretraining(
        model, images, added, Optimisation(**p.profile["pretrain"]), p.dataset["augment"], p.seed,
        Resampling(**p.profile["sampling"], **row["resample"]) if "resample" in row else None,
        Domain(**row["domain"]) if "domain" in row else None,
        Semantic(**row["semantic"]) if "semantic" in row else None)
    scratch = Scratch(vars(p), ["data/images/train.npy", seed_list, extra])
    training.train(scratch)
    scratch.check_code()
    save_weights(model.encoder, f"runs/{method}/encoder.safetensors")
    save_weights(model.head, f"runs/{method}/head.safetensors")
    write_atomic(f"runs/history/{method}.csv", training.state.history_csv())
    write_atomic(f"runs/trace/{method}.csv", training.trace().to_csv(index=False))
    scratch.remove()


if __name__ == "__main__":
    run(main, "METHOD LIST EXTRA")
