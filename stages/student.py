"""Train the student of a guided method under its frozen guide."""

import torch

from ballast.encoders.model import load_model, save_model
from ballast.images.store import load_store
from ballast.runtime.device import prepare
from ballast.runtime.distributed import rank, start, stop, synchronised
from ballast.runtime.files import load_array, write_atomic
from ballast.training.guide import Guidance
from ballast.training.method import framework, optimisation
from ballast.training.scratch import Scratch
from ballast.training.student import Student
from stages.settings import parameters
from stages.supervise import run


def main(method: str, seed_list: str) -> int:
    p = parameters(method)
    device = start(prepare(p.threads, p.deterministic))
    images = load_store("data/images/train").take(torch.from_numpy(load_array(seed_list))).to(device)
    model, row = load_model(p.profile["network"], images.channels, f"runs/{method}"), p.method["student"]
    model = synchronised(model.to(device))
    guidance = Guidance(**{name: row[name] for name in Guidance.__dataclass_fields__})
    student = Student(framework(row, model), images, optimisation(p.profile["student"]), p.profile["augment"], p.seed,
                      guidance)
    scratch = Scratch(vars(p), ["data/images/train", seed_list, f"runs/{method}/encoder.safetensors",
                                f"runs/{method}/head.safetensors"])
    student.train(scratch)
    scratch.check_code()
    stop()
    seen = student.state.images_seen()
    if rank() > 0:
        return seen
    save_model(model, f"runs/{method}/student", images.size, images.short)
    write_atomic(f"runs/{method}/student.csv", student.state.history_frame().to_csv(index=False))
    scratch.remove()
    return seen


if __name__ == "__main__":
    run(main, "METHOD LIST", ranks=True)
