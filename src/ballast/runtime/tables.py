"""Tables and facts that an earlier stage wrote: one that is damaged is one line that names it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from ballast.runtime.errors import BallastError, reason
from ballast.runtime.files import written


def read_table(path: str | Path, *columns: str, text: str = "") -> pd.DataFrame:
    """Read a CSV or Parquet file that has some columns.

    In a CSV file the column called ``text`` holds text, also where it says NA, null or 007.
    """
    try:
        is_parquet = str(path).endswith(".parquet")
        table = pd.read_parquet(path) if is_parquet else pd.read_csv(path)
        if text in table and not is_parquet:
            table[text] = pd.read_csv(path, usecols=[text], dtype=str, keep_default_na=False)[text]
    except (ValueError, OSError) as error:  # of pandas, of UTF-8 or of pyarrow
        if isinstance(error, FileNotFoundError):
            raise
        raise _damaged(path, "table", error) from error
    missing = [name for name in columns if name not in table]
    if missing:
        raise _damaged(path, "table", ValueError(f"no column {missing[0]}"))
    return table


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, atomically."""
    with written(path) as file:
        table.to_parquet(file, index=False)


def read_json(path: str | Path, *keys: str) -> Any:
    """Read a JSON file whose object has some keys."""
    try:
        block = json.loads(Path(path).read_text(encoding="utf-8"))
        for key in keys:
            block[key]
        return block
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, "JSON file", error) from error


def _damaged(path: str | Path, kind: str, error: Exception) -> BallastError:
    return BallastError(f"{path}: expected a readable {kind}, got an error ({reason(error)}); delete it and run "
                        f"`dvc repro`")
