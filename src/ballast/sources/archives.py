"""Images in tar archives, as WebDataset has them, and in Parquet tables: listed by their ranges, never unpacked."""

import re
import tarfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ballast.images.address import Address, row_groups
from ballast.runtime.errors import BallastError, reason
from ballast.runtime.files import resolve_path
from ballast.runtime.names import escaped
from ballast.runtime.processes import mapped, workers

KINDS = (".tar", ".parquet")
MOST_SHARDS = 1_000_000
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def shards(part: str) -> list[str]:
    """Return the archives that a path names, in order: one, ``pool-{000..099}.tar``, or ``pool-*.tar``; or none."""
    if not part.endswith(KINDS):
        return []
    match = BRACES.search(part)
    if match:
        first, last = int(match[1]), int(match[2])
        if last - first >= MOST_SHARDS:
            raise BallastError(f"{part}: expected at most {MOST_SHARDS:,} archives, got {last - first + 1:,}")
        numbers = [str(number).zfill(len(match[1])) for number in range(first, last + 1)]
        return [part[: match.start()] + number + part[match.end() :] for number in numbers]
    if "*" in part:
        top = resolve_path(part).parent
        return [str(Path(part).parent / path.name) for path in sorted(top.glob(Path(part).name))]
    return [part]


class Contents(NamedTuple):
    """What an archive holds."""

    images: list[str]  # escaped addresses, in the order of the archive
    keys: list[str]  # WebDataset's key of each member of a tar archive: its name up to the first dot after its folder
    others: Counter[str]  # how many members are no images by their names, by their endings


def contents(shard: str) -> Contents:
    """Return what an archive holds.

    Raises:
        BallastError: the archive is missing, damaged or truncated, or a table without images.
    """
    path = resolve_path(shard)
    if not path.is_file():
        raise BallastError(f"{shard}: expected a file, got none; check the path")
    try:
        if path.suffix == ".tar":
            return _of_tar(shard, path)
        return Contents([f"{escaped(shard)}#{row}" for row in range(row_groups(str(path))[1][-1])], [], Counter())
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        if isinstance(error, BallastError):
            raise
        raise BallastError(f"{shard}: expected a readable {path.suffix} file with images, got an error "
                           f"({reason(error)})") from error


def _of_tar(shard: str, path: Path) -> Contents:
    found = Contents([], [], Counter())
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if not member.isfile() or member.issparse() or not member.name.lower().endswith(SUFFIXES):
                found.others[Path(member.name).suffix.lower() or "without ending"] += member.isfile()
            else:
                found.images.append(escaped(Address(shard, None, member.offset_data, member.size, member.name)))
                folder, _, base = member.name.rpartition("/")
                found.keys.append(f"{folder}/{base.partition('.')[0]}".lstrip("/"))
            archive.members = []  # tarfile keeps all of them, a kilobyte each
    return found


def say_left_out(place: str, others: Counter[str]) -> None:
    """Print how many files of a folder or archive are no images by their names."""
    if others.total():
        counts = ", ".join(f"{count} {escaped(ending)}" for ending, count in others.most_common(5) if count)
        print(f"{place}: left out, since images do not have such names: {counts}")


def addresses(part: str) -> list[str]:
    """Return the escaped addresses of all images in the archives that a path names.

    Raises:
        BallastError: there is no archive or no image, or two archives have the same key.
    """
    found: list[str] = []
    first: dict[str, str] = {}
    names = shards(part)
    every = mapped(contents, names, workers(), part) if len(names) > 1 else map(contents, names)
    for shard, held in zip(names, every):
        say_left_out(shard, held.others)
        found += held.images
        for key in held.keys:
            if first.setdefault(key, shard) != shard:
                raise BallastError(f"{shard}: expected keys of its own, got {key}, which {first[key]} has too")
    if not found:
        raise BallastError(f"{part}: expected archives with images, got none; check the path")
    return found
