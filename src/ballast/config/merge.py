"""Blocks of parameters on top of one another."""


def merged(*blocks: dict) -> dict:
    """Return all keys of the blocks; of two values the later block's counts, and inner blocks are merged likewise."""
    result = {}
    for block in blocks:
        for key, value in block.items():
            inner = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if inner else value
    return result
