"""The parts of an encoder from its images to its features: what trains slowly, later or not at all."""

from torch import nn


def blocks_of(encoder: nn.Module) -> dict[str, int]:
    """Return the number of the block of every parameter, counted from the images.

    The elements of the outermost sequences of modules (nn.Sequential, nn.ModuleList) are the blocks. What is in none
    belongs to the block before it; what comes before the first one is block 0.
    """
    found, number, current = {}, 0, ""
    for name, _ in encoder.named_parameters():
        element = element_of(encoder, name)
        if element not in ("", current):
            number, current = number + 1, element
        found[name] = number
    return found


def element_of(encoder: nn.Module, name: str) -> str:
    """Return the name of the element of an outermost sequence in which a parameter lies; empty where it is in none."""
    module, parts = encoder, name.split(".")
    for depth, part in enumerate(parts):
        if isinstance(module, nn.Sequential | nn.ModuleList):
            return ".".join(parts[: depth + 1])
        module = getattr(module, part)
    return ""


def modules_within(encoder: nn.Module, blocks: int) -> list[nn.Module]:
    """Return the modules that have parameters of their own, all of which lie in the first blocks."""
    number = blocks_of(encoder)
    own = {module: [f"{name}.{key}".lstrip(".") for key, _ in module.named_parameters(recurse=False)]
           for name, module in encoder.named_modules()}
    return [module for module, names in own.items() if names and all(number[name] < blocks for name in names)]
