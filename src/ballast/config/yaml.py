"""YAML as DVC reads it: the stages and ``dvc exp run -S`` must not differ about a value.

DVC reads YAML 1.2 with ruamel.yaml, PyYAML reads YAML 1.1: there ``1e-05`` is text, ``010`` is 8, ``no`` is false.
The reader is PyYAML's, since libyaml's is fast and starts at once; what a scalar means is replaced by ruamel's rules.
"""

import re
from collections.abc import Hashable
from pathlib import Path

import yaml

from ballast.runtime.errors import BallastError

BREAKS = re.compile("[\x85\u2028\u2029]")  # ends of lines in YAML 1.1
# Tag, pattern and first characters, as in ruamel.yaml.resolver for YAML 1.2
PLAIN_SCALARS = [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("float", r"[-+]?[0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
              r"|[-+]?\.[0-9_]+([eE][-+][0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+0123456789."),
    ("int", r"[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+", "-+0123456789"),
    ("merge", r"<<", "<"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}"
                  r":[0-9]{2}:[0-9]{2}(\.[0-9]*)?([ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?))?", "0123456789"),
    ("value", r"=", "="),
]


class Yaml12SafeLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """PyYAML's safe loader with the scalars of YAML 1.2, in which a key may stand only once in a mapping."""

    yaml_implicit_resolvers: dict = {}  # noqa: RUF012  PyYAML's registry, a class attribute

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict:
        """Return the mapping of a node."""
        seen = set()
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice in one mapping",
                                                        key_node.start_mark)
            seen.add(key) if isinstance(key, Hashable) else None
        return super().construct_mapping(node, deep)

    def text(self, node: yaml.Node) -> str:
        """Return the text of a node; half a surrogate pair, which only an escape can hold, is no character."""
        text = self.construct_scalar(node)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise yaml.constructor.ConstructorError(None, None, f"{text[:50]!r} is no text", node.start_mark)
        return text

    def integer(self, node: yaml.Node) -> int:
        """Return the integer of a node: decimal, 0x, 0o or 0b."""
        text = self.construct_scalar(node).replace("_", "").lower()
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("+-")
        base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
        try:
            return sign * int(digits[2:] if base != 10 else digits, base)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, f"{text!r} is no integer", node.start_mark) from error

    def real(self, node: yaml.Node) -> float:
        """Return the floating-point number of a node."""
        text = self.construct_scalar(node).replace("_", "").lower()
        try:
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError as error:
            raise yaml.constructor.ConstructorError(None, None, f"{text!r} is no number", node.start_mark) from error


for name, pattern, first in PLAIN_SCALARS:
    Yaml12SafeLoader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), list(first))
Yaml12SafeLoader.add_constructor("tag:yaml.org,2002:str", Yaml12SafeLoader.text)
Yaml12SafeLoader.add_constructor("tag:yaml.org,2002:int", Yaml12SafeLoader.integer)
Yaml12SafeLoader.add_constructor("tag:yaml.org,2002:float", Yaml12SafeLoader.real)


class Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which puts text in quotes where the loader would take it for something else."""

    yaml_implicit_resolvers = Yaml12SafeLoader.yaml_implicit_resolvers


def parse_yaml(text: str, name: str) -> object:
    """Return the value of a YAML text.

    Raises:
        BallastError: ``name``, the line, and what is wrong with it, in one line.
    """
    odd = next((number for number, line in enumerate(text.split("\n"), 1) if BREAKS.search(line)), None)
    if odd:
        raise BallastError(f"{name}: line {odd}: a separator of lines that not all readers of YAML take for one "
                           f"(U+0085, U+2028 or U+2029); remove it, or write it as an escape")
    try:
        return yaml.load(text, Yaml12SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f" line {mark.line + 1}:" if mark else ""
        raise BallastError(f"{name}:{line} {' '.join((error.problem or 'not readable as YAML').split())}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise BallastError(f"{name}: not readable as YAML ({reason[:200]})") from error


def read_yaml(path: str | Path) -> dict:
    """Return the mapping in a YAML file.

    Raises:
        BallastError: one line that names the file and, where it has one, the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BallastError(f"{path}: expected UTF-8 text; save the file in that encoding") from error
    except OSError as error:
        raise BallastError(f"{path}: not readable ({error.strerror})") from error
    block = parse_yaml(text, str(path))
    if not isinstance(block, dict):
        raise BallastError(f"{path}: expected a mapping of parameters, got {type(block).__name__}")
    return block


def dump_yaml(block: dict) -> str:
    """Return the YAML text of a mapping, in the order of its keys."""
    return yaml.dump(block, Dumper=Dumper, sort_keys=False, allow_unicode=True)
