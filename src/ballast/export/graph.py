"""The graph of an encoder in ONNX, with its preprocessing inside, checked against torch before anyone sees it."""

import json
import warnings
from pathlib import Path

import numpy as np
import torch

from ballast.export.served import Served
from ballast.runtime.errors import BallastError
from ballast.runtime.files import write_atomic

NEEDED = "onnx, onnxscript and onnxruntime; run `pip install 'ballast-ssl[export]'`"
TOLERANCE = 1e-4
CHECKED = (1, 3)  # batches of random images that are compared


def write_graph(served: Served, path: Path, facts: dict[str, object]) -> float:
    """Write a graph; return the largest difference of its features from torch's.

    Args:
        served: the encoder with its preprocessing, on the CPU.
        path: the file to write. Its input ``images`` is uint8 [N, 3, short, short], its output ``features`` [N, d].
        facts: what the file says about itself, under the key ``ballast``.

    Raises:
        BallastError: a package is missing, the network has no graph, or its features are others.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401
        from onnxruntime import InferenceSession
    except ImportError as error:
        raise BallastError(f"--onnx: expected {NEEDED}; got none of {error.name}") from error
    program = _exported(served)
    program.metadata_props.add(key="ballast", value=json.dumps(facts))
    data = onnx.ModelProto.SerializeToString(program)
    session = InferenceSession(data, providers=["CPUExecutionProvider"])
    rng, worst = np.random.default_rng(0), 0.0
    for count in CHECKED:
        images = rng.integers(0, 256, (count, 3, served.short, served.short), np.uint8)
        with torch.inference_mode():
            expected = served(torch.from_numpy(images)).numpy()
        worst = max(worst, float(np.abs(session.run(None, {"images": images})[0] - expected).max()))
    if not worst <= TOLERANCE:
        raise BallastError(f"{path}: expected the features of torch, got others by {worst:.1e}; export without the "
                           f"graph (--no-onnx)")
    write_atomic(path, data)
    return worst


def _exported(served: Served):
    """Return the ONNX model of an encoder, for any number of images."""
    example = torch.zeros(2, 3, served.short, served.short, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's exporter warns of its own internals
        try:
            program = torch.onnx.export(served.eval(), (example,), dynamo=True, input_names=["images"], verbose=False,
                                        output_names=["features"],
                                        dynamic_shapes={"images": {0: torch.export.Dim("images")}})
        except Exception as error:  # torch has many kinds
            raise BallastError(f"--onnx: expected a network that torch can export, got an error "
                               f"({str(error).splitlines()[0]}); export without the graph (--no-onnx)") from error
    return program.model_proto
