"""``ballast fetch``: download released weights to start from."""

from pathlib import Path

from ballast.encoders.hub import released
from ballast.encoders.model import save_weights
from ballast.runtime.errors import BallastError


def fetch(source: str, name: str, out: Path) -> None:
    """Write the released weights of a network of timm or torchvision."""
    if out.suffix != ".safetensors":
        raise BallastError(f"--out {out}: expected a name that ends in .safetensors")
    network = released(source, name)
    save_weights(network, out)
    print(f"{sum(value.numel() for value in network.parameters()):,} weights to {out}; their network is\n"
          f"  network: {{source: {source}, name: {name}, projection: 128}}")
