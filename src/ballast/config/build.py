"""Dataclasses from plain values: quickly from values that were checked, or with a check of every type and bound."""

import json
import types
from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ballast.runtime.errors import BallastError

T = TypeVar("T")
LONGEST = 200  # characters of a value in a message
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")  # pydantic's types of errors
BLOCKS = ("dataclass_type", "dict_type", "list_type")


@dataclass(frozen=True)
class ByKey:
    """A mark of a union of dataclasses, with the key that tells them apart, and its value where it is left out."""

    key: str
    default: str | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return the schema in which pydantic picks the dataclass by the key."""
        from pydantic import Discriminator, Field, Tag

        if self.default is None:
            return handler.generate_schema(Annotated[source, Field(discriminator=self.key)])

        def choose(block: Any) -> Any:
            return block.get(self.key, self.default) if isinstance(block, dict) else self.default

        choose.__name__ = self.key  # as which messages call it
        tagged = [Annotated[kind, Tag(tag)] for kind in get_args(source) for tag in self.tags(kind)]
        return handler.generate_schema(Annotated[Union[*tagged], Discriminator(choose)])

    def tags(self, kind: type) -> tuple:
        """Return the values of the key that stand for a dataclass."""
        return get_args(hints_of(kind)[self.key])


def build(kind: type[T], block: dict) -> T:
    """Return an instance of a dataclass from plain values that ``validated`` has accepted; takes no time to import."""
    hints = hints_of(kind)
    unknown = [key for key in block if key not in hints]
    missing = [f.name for f in fields(kind) if f.default is f.default_factory is MISSING and f.name not in block]
    if unknown or missing:
        message = f"{unknown[0]}: {unknown_key(unknown[0], hints)}" if unknown else f"{missing[0]}: missing"
        raise BallastError(f"{kind.__module__}.{kind.__qualname__}: {message}")
    return kind(**{key: built(hints[key], value) for key, value in block.items()})


@cache
def hints_of(kind: type) -> dict[str, Any]:
    """Return the type of every field of a dataclass."""
    names = {field.name for field in fields(kind)}
    return {name: hint for name, hint in get_type_hints(kind, include_extras=True).items() if name in names}


def built(hint: Any, value: Any) -> Any:
    """Return what ``validated`` has accepted as a value of a type hint."""
    if not isinstance(value, dict):
        return value
    if get_origin(hint) is dict:
        return {key: built(get_args(hint)[1], inner) for key, inner in value.items()}
    candidates = dataclasses_of(hint)
    mark = next((mark for mark in _marks(hint) if isinstance(mark, ByKey)), None)
    if mark:
        candidates = [kind for kind in candidates if value.get(mark.key, mark.default) in mark.tags(kind)]
    return build(candidates[0], value) if candidates else value


def _marks(hint: Any) -> list:
    marks = list(hint.__metadata__) if get_origin(hint) is Annotated else []
    return marks + [mark for inner in _parts(hint) for mark in _marks(inner)]


def dataclasses_of(hint: Any) -> list[type]:
    """Return the dataclasses that a type hint allows."""
    if is_dataclass(hint):
        return [hint]
    return [kind for inner in _parts(hint) for kind in dataclasses_of(inner)]


def _parts(hint: Any) -> tuple:
    origin = get_origin(hint)
    if origin is Annotated:
        return (get_args(hint)[0],)
    return get_args(hint) if origin in (Union, types.UnionType, dict) else ()


def validated(kind: type[T], block: object) -> T:
    """Return an instance of a dataclass from plain values, each of which has its type and lies within its bounds.

    Unknown keys are errors. A whole number may stand for a floating-point number. Numbers are finite.

    Raises:
        MisfitError: the path of the most telling error within the block, and what is wrong.
    """
    from pydantic import ValidationError

    text = json.dumps(block, default=str)  # pydantic takes JSON's objects for dataclasses, but not Python's dicts
    try:
        result = adapter_of(kind).validate_json(text)
    except ValidationError as error:
        raise MisfitError(*_explain(error.errors(include_url=False), kind, block)) from error
    _refuse_problems(result, [])
    return result


def _refuse_problems(value: object, way: list[str]) -> None:
    """Raise what ``problem`` returns of a dataclass or of one within it; ``way`` is its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _refuse_problems(inner, [*way, str(key)])
    if not is_dataclass(value):
        return
    for name in hints_of(type(value)):
        _refuse_problems(getattr(value, name), [*way, name])
    problem = getattr(value, "problem", lambda: None)()
    if problem:
        path, message = problem.split(": ", 1)
        raise MisfitError([*way, *path.split(".")], message)


class MisfitError(Exception):
    """A value that does not fit: its path within the block that was checked, and what is wrong."""

    def __init__(self, path: list[str], message: str) -> None:
        super().__init__(f"{'.'.join(path)}: {message}")
        self.path, self.message = path, message


@cache
def adapter_of(kind: type) -> Any:
    """Return pydantic's adapter of a dataclass, which validates strictly and describes it as a JSON schema."""
    from pydantic import TypeAdapter

    _forbid(kind)
    return TypeAdapter(kind)


def _forbid(kind: type) -> None:
    """Let pydantic refuse unknown keys, text for numbers, and infinite numbers, here and in the blocks within."""
    kind.__pydantic_config__ = {"extra": "forbid", "strict": True, "allow_inf_nan": False}
    for hint in hints_of(kind).values():
        for inner in dataclasses_of(hint):
            _forbid(inner)


def _explain(errors: list[dict], kind: type, block: object) -> tuple[list[str], str]:
    """Return path and message of the most telling error.

    A misspelt key explains the missing one that it causes; a block that may also be a plain value was meant as a block.
    """
    error = min(errors, key=_rank)
    missing = error["type"].startswith("missing")
    path = _path(error["loc"], block, missing)
    if error["type"] in UNKNOWN:
        return path, unknown_key(path[-1], _keys(kind))
    if missing:
        return path, "missing"
    if error["type"].startswith("union_tag"):
        key = error["ctx"]["discriminator"].strip("'()")
        if "tag" not in error["ctx"]:
            return [*path, key], "missing"
        return [*path, key], f"expected one of {error['ctx']['expected_tags']}, got {shown(error['ctx']['tag'])}"
    return path, f"expected {_expected(error)}, got {shown(error['input'])}"


def _rank(error: dict) -> tuple[bool, bool]:
    is_block = isinstance(error["input"], dict | list)
    return error["type"] not in UNKNOWN, is_block and error["type"].endswith("_type") and error["type"] not in BLOCKS


def _expected(error: dict) -> str:
    if error["type"] in ("dataclass_type", "dict_type"):
        return "a mapping"
    if error["type"] in ("too_short", "too_long"):
        return f"{error['type'].replace('too_short', 'at least').replace('too_long', 'at most')} " + str(
            error["ctx"].get("min_length", error["ctx"].get("max_length"))) + " of them"
    message = error["msg"].removeprefix("Input should be ")
    return f"a value {message}" if message.startswith(("greater", "less")) else message


def unknown_key(key: str, allowed: Iterable[str]) -> str:
    """Return what to say of an unknown key."""
    near = get_close_matches(str(key), allowed, 1)
    return "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")


def shown(value: object, quoted: bool = True) -> str:
    """Return a value as text of limited length on one line."""
    text = " ".join((repr(value) if quoted else str(value)).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _keys(kind: type) -> set[str]:
    """Return the keys of a dataclass and of the blocks within."""
    inner = (_keys(block) for hint in hints_of(kind).values() for block in dataclasses_of(hint))
    return set(hints_of(kind)).union(*inner)


def _path(location: tuple, block: object, missing: bool) -> list[str]:
    """Return the path of an error, without the tags of unions that pydantic puts between a block and its key."""
    path = []
    for part in location:
        inside_dict = isinstance(block, dict) and part in block
        inside_list = isinstance(block, list) and isinstance(part, int)
        if inside_dict or inside_list:
            path.append(str(part))
            block = block[part]
    return [*path, str(location[-1])] if missing else path
