"""Check params.yaml, the profile and the data set in use, before any work."""

from collections.abc import Callable

from ballast.checks.check import check
from ballast.config.build import built
from ballast.config.files import read_chosen, read_params
from ballast.config.profile import AnyNetwork, Network
from ballast.config.rows import Params
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path, write_atomic
from stages.common.supervise import run


def main() -> None:
    params = read_params()
    typed = check(params, read_chosen(params, "profile"), read_chosen(params, "dataset"))
    check_network(typed, read_chosen(params, "profile")["network"])
    write_atomic("data/checked", "the parameters are sound\n")
    write_atomic("runs/none", "what rows start from that start from nothing\n")
    write_atomic("data/none", "what selections look at that look at nothing\n")


def check_network(params: Params, block: dict) -> None:
    """Refuse a network that a library does not have, and weights that are not its own."""
    network = built(AnyNetwork, block)
    if not params.weights and isinstance(network, Network):
        return
    from ballast.encoders.model import outline  # it takes two seconds
    from ballast.encoders.weights import read

    try:
        outlines = [outline(network, channels) for channels in (3, 1)]  # the images are not known yet
    except BallastError as error:
        raise BallastError(f"configs/profiles/{params.profile}.yaml: {error}") from error
    for name, path in params.weights.items():
        if resolve_path(path).is_file():
            problems = [refusal(read, resolve_path(path), encoder) for encoder in outlines]
            if all(problems):
                raise BallastError(f"params.yaml: weights.{name}: {problems[0]}")


def refusal(function: Callable, *arguments: object) -> BallastError | None:
    """Return the error that a call raises."""
    try:
        function(*arguments)
    except BallastError as error:
        return error
    return None


if __name__ == "__main__":
    run(main)
