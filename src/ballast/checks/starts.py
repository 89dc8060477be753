"""Check of what rows start from and choose by: rows that are there, files that are there, and no circle of rows."""

from pathlib import Path

from ballast.checks.selections import chooses_by_sight
from ballast.config.build import shown
from ballast.config.rows import Params
from ballast.runtime.errors import BallastError
from ballast.runtime.files import resolve_path


def check_starts(params: Params) -> None:
    """Refuse weights and encoders that do not exist, files that are missing, and rows that wait for themselves."""
    starts = [*params.methods, *params.students, *params.weights]
    for row, method in params.methods.items():
        if method.weights not in ("none", *starts):
            raise BallastError(f"params.yaml: methods.{row}.weights: expected none, a row, or a name of `weights` "
                               f"({', '.join(starts)}), got {shown(method.weights)}")
    eyes = [*starts, *params.embeddings]
    if params.embed.encoder not in eyes:
        raise BallastError(f"params.yaml: embed.encoder: expected a row, or a name of `weights` or `embeddings` "
                           f"({', '.join(eyes)}), got {shown(params.embed.encoder)}")
    _check_files(params)
    _check_circles(params)


def _check_files(params: Params) -> None:
    files = {f"weights.{name}": path for name, path in params.weights.items()}
    for name, pair in params.embeddings.items():
        files |= {f"embeddings.{name}.images": pair.images, f"embeddings.{name}.pool": pair.pool}
    for key, path in files.items():
        if not resolve_path(path).is_file() and not Path(f"{resolve_path(path)}.dvc").is_file():
            raise BallastError(f"params.yaml: {key}: expected a file, got {shown(path)}, which is not there; give its "
                               f"path from the project's root")


def _check_circles(params: Params) -> None:
    """Refuse rows that wait for themselves: by their weights, their guide, or the eyes that choose their images."""
    waits: dict[str, set[str]] = {row: {student["guide"]} for row, student in params.students.items()
                                  if isinstance(student, dict) and isinstance(student.get("guide"), str)}
    for row, method in params.methods.items():
        waits[row] = {method.weights, *({params.embed.encoder} if chooses_by_sight(params, method.pool) else ())}
    for row in waits:
        way = _reach(row, waits).get(row)
        if way:
            raise BallastError(f"params.yaml: {row}: expected weights, guide and embed.encoder that do not wait for "
                               f"{row} itself, got the circle {' -> '.join(way)}")


def _reach(start: str, waits: dict[str, set[str]]) -> dict[str, list[str]]:
    """Return all that a row waits for, with the way to it."""
    ways: dict[str, list[str]] = {}
    todo = [[start]]
    while todo:
        way = todo.pop()
        for name in sorted(waits.get(way[-1], ())):
            if name not in ways:
                ways[name] = [*way, name]
                todo.append(ways[name])
    return ways
