"""The model: its import, its fields, and its fusion by the compiler."""

import shutil
import subprocess
import sys

import pytest
import torch
from torch._dynamo.utils import counters

import ballast
from ballast.config.profile import Network
from ballast.encoders.model import build, load_encoder, save_model
from ballast.frameworks.sdclr import SDCLR
from ballast.frameworks.simclr import SimCLR

NETWORK = {"stem": "cifar", "block": "basic", "width": 16, "depths": [1], "projection": 16}


def test_a_network_of_the_profile_is_as_good_as_its_fields(tmp_path):
    network = Network(**NETWORK)
    for model in (build(network, 3, 1), build(NETWORK, 3, 1)):
        save_model(model, tmp_path / str(len(list(tmp_path.iterdir()))), size=8, short=8)
    for name in ("encoder", "head"):
        assert (tmp_path / f"0/{name}.safetensors").read_bytes() == (tmp_path / f"1/{name}.safetensors").read_bytes()


def test_an_encoder_loads_from_its_file_alone(tmp_path):
    model = build({**NETWORK, "precision": "bf16"}, 1, 1, layers=3).eval()
    save_model(model, tmp_path, size=6, short=8)
    assert ballast.load_encoder is load_encoder
    loaded, size, short = ballast.load_encoder(tmp_path / "encoder.safetensors")
    assert (size, short) == (6, 8) and not loaded.training and not any(p.requires_grad for p in loaded.parameters())
    images = torch.rand(4, 1, 6, 6)
    torch.testing.assert_close(loaded.features(images), model.features(images), rtol=0.1, atol=0.1)  # float32, bf16
    with pytest.raises(AttributeError, match="load_encoders"):
        ballast.load_encoders  # noqa: B018


def test_half_and_double_are_those_of_a_module():
    model = build(NETWORK, 3, 1)
    assert model.double().encoder.conv1.weight.dtype == torch.float64
    assert model.half().encoder.conv1.weight.dtype == torch.float16


def test_importing_a_model_or_clusters_does_not_wait_for_torchvision_or_scikit_learn():
    code = ("import sys, ballast.encoders.model, ballast.embeddings.clusters, ballast.frameworks.sdclr; "
            "print({'torchvision', 'sklearn', 'scipy', 'pandas'} & set(sys.modules) or 'none')")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "none\n", done.stderr


@pytest.fixture(scope="module")
def compilers_own_cache(tmp_path_factory):
    """Keep the compiler from its cache of another processor: with ATEN_CPU_CAPABILITY changed, torch 2.12 gives nan."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("compiler")))
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("compilers_own_cache")
@pytest.mark.skipif(not shutil.which("g++"), reason="g++ is not installed")
@pytest.mark.parametrize("framework", [SimCLR, lambda model: SDCLR(model, 0.5)], ids=["simclr", "sdclr"])
def test_a_compiled_network_is_the_same_function_for_whole_and_ragged_batches(framework):
    plain, fused = (framework(build({**NETWORK, "compile": choice}, 3, 1)) for choice in (False, True))
    torch.manual_seed(0)
    shapes = set()  # of batches that a network sees: a dynamic graph would serve the second ragged one, and all later
    counters.clear()
    for pairs in (16, 16, 10, 13, 16):
        shapes.add(pairs)
        views = torch.rand(2 * pairs, 3, 8, 8).contiguous(memory_format=torch.channels_last)
        upstream = torch.randn(2 * pairs, 16)
        results = []
        for run in (plain, fused):
            run.zero_grad()
            z = run.embed(views, [pairs], [0])[1]
            z.backward(upstream)
            results.append([z, *(parameter.grad for parameter in run.parameters())])
        torch.testing.assert_close(*results, rtol=1e-3, atol=1e-3)
    assert counters["stats"]["unique_graphs"] >= len(shapes)
    assert list(plain.state_dict()) == list(fused.state_dict())
    torch.testing.assert_close(plain.state_dict(), fused.state_dict())  # running means too
    assert fused.model.encoder._compiled_call_impl is not None and plain.model.encoder._compiled_call_impl is None
