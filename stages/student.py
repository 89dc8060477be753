"""Train the student of a guided method under its frozen guide."""

from common import parameters, run

from ballast.data.store import load_array, load_images
from ballast.device import prepare
from ballast.encoders.model import load_model, save_weights
from ballast.files import write_atomic
from ballast.training.optimisation import Optimisation
from ballast.training.scratch import Scratch
from ballast.training.student import Guidance, Student


def main(method: str, seed_list: str) -> None:
    p = parameters(method)
    device = prepare(p.threads)
    images = load_images("data/images/train.npy")[load_array(seed_list)]
    guide = load_model(p.profile["network"], images.shape[1], f"runs/{method}").to(device)
    student = Student(guide, images, Optimisation(**p.profile["student"]), p.dataset["augment"], p.seed,
                      Guidance(**p.method["student"]))
    scratch = Scratch(vars(p), ["data/images/train.npy", seed_list, f"runs/{method}/encoder.safetensors",
                                f"runs/{method}/head.safetensors"])
    student.train(scratch)
    scratch.check_code()
    save_weights(student.state.model.encoder, f"runs/{method}/student.safetensors")
    write_atomic(f"runs/{method}/student.csv", student.state.history_csv())
    scratch.remove()


if __name__ == "__main__":
    run(main, "METHOD LIST")
