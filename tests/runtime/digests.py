"""Print digests of small computations of every kind that results depend on, under the portable mode.

    PYTHONPATH=src:. python -m tests.runtime.digests      in a folder whose params.yaml has `portable: true`
"""

import hashlib
import json

import stages  # noqa: F401  # isort: skip  (it makes the arithmetic portable, before anything else is loaded)

import numpy as np
import torch

from ballast.config.profile import Convex
from ballast.embeddings.clusters import kmeans, refine_by_kl
from ballast.embeddings.neighbours import search
from ballast.encoders.embed import embed
from ballast.evaluation.convex import logistic, svm
from ballast.selection.kcenter import kcenter_greedy
from ballast.sources import glyphs
from ballast.tailness.ecle import ecle
from tests.builders import Memory
from tests.training.runs import student, training


def digest(*values) -> str:
    """Return a digest of arrays or tensors."""
    arrays = [np.ascontiguousarray(value.numpy() if torch.is_tensor(value) else value) for value in values]
    return hashlib.md5(b"".join(array.tobytes() for array in arrays)).hexdigest()[:10]


def main() -> dict[str, str]:
    """Return the digest of every computation by its name."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    found = {"glyphs": digest(*glyphs.labelled(3, 16, 0, "train"), glyphs.pool(20, 20, 16, 0)[0])}
    for name in ("simclr", "sdclr", "bcl", "colt", "bcl-colt", "guide"):
        run = training(name)
        run.train(Memory())
        found[name] = digest(*run.framework.model.state_dict().values())
    run = student()
    run.train(Memory())
    found["student"] = digest(*run.framework.model.state_dict().values())
    h, z = embed(run.framework.model, run.in_domain)
    centres = kmeans(z, 3)[1]
    labels = torch.arange(len(h)) % 4
    found |= {"embedding": digest(h, z), "k-means": digest(centres), "refined": digest(*refine_by_kl(z, centres)),
              "neighbours": digest(*search(z, z, 3)), "K-center": digest(kcenter_greedy(z[20:], z[:20], 8)),
              "ECLE": digest(ecle([z, z.flip(1)], 0.2, 1, 16, 1)),
              "logistic": digest(logistic(h.numpy(), labels.numpy(), h.numpy(), Convex(C=1.0))),
              "svm": digest(svm(h.numpy(), labels.numpy(), h.numpy(), Convex(C=1.0)))}
    return found


if __name__ == "__main__":
    print(json.dumps(main(), indent=1))
