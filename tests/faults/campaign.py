"""`make campaign`: faults drawn by number, counted in docs/results/faults.csv for good; it goes on where it stopped.

    python -m tests.faults.campaign MINUTES [TRIAL ...]

Two projects side by side, one whose images are in memory and one that decodes files, have two repeats of each kind of
row. Every trial starts from the same whole project, does one thing to it (tests.faults.trials), and gives the command
again. It ends in one of four ways: `well`; `lost`, where the bytes are not those of an undisturbed run; `silent`, where
a wrong result stayed without a word; `unclear`, where it said no clear line. With TRIALs, those alone are tried again.
"""

import itertools
import random
import sys
import tempfile
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

from ballast.report.tables import as_text
from ballast.runtime.files import write_atomic
from scripts.faults import ENDS, TABLE, by_fault, counted, load
from tests.faults.place import Place, UnwellError
from tests.faults.trials import FILES, TRIALS

PROJECTS = 2
places: list[Place] = []  # the one of a process


def main(minutes: float, *only: int) -> None:
    """Try faults until the time is over, and print the table; with ``only``, those trials alone, without counting."""
    deadline, table = time.monotonic() + 60 * minutes, load()
    first = PROJECTS * int(table[list(ENDS)].to_numpy().sum())  # beyond all numbers of earlier runs
    with tempfile.TemporaryDirectory(prefix="ballast ") as folder:
        workers = [ProcessPoolExecutor(1, get_context("spawn"), prepare, (folder, which)) for which in range(PROJECTS)]
        todo = [iter([number for number in only if number % PROJECTS == which]) if only
                else itertools.count(first + (first + which) % PROJECTS, PROJECTS) for which in range(PROJECTS)]
        running: dict[Future, int] = {}
        while True:
            for which in set(range(PROJECTS)) - set(running.values()):
                number = next(todo[which], None) if time.monotonic() < deadline else None
                if number is not None:
                    running[workers[which].submit(tried, number)] = which
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                running.pop(future)
                number, fault, stage, end, said = future.result()
                print(f"{number}: {fault}, {stage}: {end}\n{said}".strip(), flush=True)
                if not only:
                    table = counted(table, fault, stage, end)
                    write_atomic(TABLE, table.to_csv(index=False))
    print(as_text(by_fault(table)))


def prepare(folder: str, which: int) -> None:
    """Make the project of a process."""
    places.append(Place(Path(folder, ("memory", "files ü😀")[which]), files=which == 1))


def tried(number: int) -> tuple[int, str, str, str, str]:
    """Make a trial; return its number, the fault, the stage, how it ended, and where not well what was said."""
    [place], chance = places, random.Random(number)
    faults = [fault for fault in TRIALS if fault != FILES or place.decodes_files]
    fault = chance.choices(faults, [TRIALS[name][0] for name in faults])[0]
    place.fresh()
    place.hit = "?"
    try:
        TRIALS[fault][1](place, chance)
        return number, fault, place.hit, "well", ""
    except UnwellError as error:
        return number, fault, place.hit, error.end, str(error)
    except Exception:
        return number, fault, place.hit, "lost", traceback.format_exc()


if __name__ == "__main__":
    main(float(sys.argv[1]), *map(int, sys.argv[2:]))
