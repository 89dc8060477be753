"""Check weights from elsewhere against the network of the profile, and write them as an encoder of this pipeline."""

from ballast.config.files import read_params
from ballast.encoders.model import build, save_encoder
from ballast.encoders.weights import read
from ballast.images.store import load_store
from ballast.runtime.files import resolve_path
from stages.common.parameters import parameters
from stages.common.supervise import run


def main(name: str) -> None:
    p = parameters("profile", profile=("network",))
    images = load_store("data/images/train")
    model = build(p.profile.network, images.channels, seed=0)
    weights = read(resolve_path(read_params()["weights"][name]), model.encoder)
    model.encoder.load_state_dict(weights.tensors)
    save_encoder(model, f"runs/{name}", images.size, images.short)
    left_out = f"; {len(weights.left_out)} others left out, like {weights.left_out[0]}" if weights.left_out else ""
    print(f"weights: {name} is like {weights.convention}: {len(weights.tensors)} tensors{left_out}")


if __name__ == "__main__":
    run(main, "NAME")
