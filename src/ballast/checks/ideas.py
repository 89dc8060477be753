"""Check of what an idea's settings need beside themselves: the size of the projections, two views, a guide, a pool."""

from collections.abc import Callable

from ballast.runtime.errors import BallastError


def check_widths(row: str, ideas: dict[str, object], width: int) -> None:
    """Refuse more vertices than a projection has dimensions; ``ideas``: the typed settings of a row, by their names.

    Variants are not asked until they run, as rows: those with many vertices do not go with every profile.
    """
    if "harmonization" in ideas and ideas["harmonization"].vertices > width:
        raise BallastError(f"params.yaml: methods.{row}.pretrain.harmonization.vertices: expected at most the {width} "
                           f"dimensions of a projection (network.projection), got {ideas['harmonization'].vertices}")


def check_ideas(ideas: dict[str, object], where: Callable[..., str]) -> None:
    """Refuse settings that are for students; ``where`` gives the place of a value in a file from its path."""
    if "guidance" in ideas and ideas["guidance"].needs_a_guide:
        raise BallastError(f"{where('guidance')}: expected distill_of: geometry, distill_views: clean, and "
                           f"distill_pool: false, since this network guides itself; others are for `students`")


def check_views(views: int, guided: bool, place: str) -> None:
    """Refuse more than two views of an image that is guided: its other pairs of views would count as other images."""
    if guided and views > 2:
        raise BallastError(f"{place}: expected 2 where neighbours of a guide are positives, got {views}")


def check_distillation(settings: object, guide: str, pool: str, place: str) -> None:
    """Refuse a student that distills on the pool images of a guide without any."""
    if settings.distill_pool and pool == "none":
        raise BallastError(f"{place}.distill_pool: expected false, since its guide {guide} has no pool images, got "
                           f"true")
