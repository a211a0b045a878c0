"""Documents as JSON or YAML. The YAML is what JSON can say, in a friendlier spelling.

No aliases, tags or merges; only `true` and `false` are booleans, only digits are integers; dates are text.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import yaml

from loyalty.api import parsing
from loyalty.kernel.errors import Invalid
from loyalty.kernel.shapes import check_characters

JSON, YAML = "application/json", "application/yaml"
DEEPEST = 100


class _Loader(yaml.CSafeLoader):
    """Knows what JSON knows. Both tables replace the library's."""

    yaml_implicit_resolvers: dict[str, list[Any]] = {}
    yaml_constructors: ClassVar[dict[str | None, Any]] = {None: yaml.CSafeLoader.construct_undefined}


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    if not all(isinstance(name, yaml.ScalarNode) for name, _ in node.value):
        raise Invalid("The YAML has a key that is no text.")
    return parsing.unique([(name.value, loader.construct_object(item, deep=True)) for name, item in node.value])


def _sequence(loader: Any, node: yaml.SequenceNode) -> list[Any]:
    return [loader.construct_object(item, deep=True) for item in node.value]


def _scalar(read: Callable[[str], Any]) -> Callable[[Any, yaml.ScalarNode], Any]:
    return lambda loader, node: read(node.value)


DIGITS = "-0123456789"
# What a tag is read with, how a plain scalar of it looks, and what that begins with.
TAGS: Sequence[tuple[str, Any, str, Sequence[str]]] = (
    ("map", _mapping, "", ""),
    ("seq", _sequence, "", ""),
    ("str", _scalar(str), "", ""),
    ("null", _scalar(lambda text: None), r"~|null|", ["~", "n", ""]),
    ("bool", _scalar(lambda text: text == "true"), r"true|false", "tf"),
    ("int", _scalar(int), r"-?(?:0|[1-9][0-9]*)", DIGITS),
    ("float", _scalar(Decimal), r"-?(?:0|[1-9][0-9]*)\.[0-9]+", DIGITS),
)
for _name, _read, _pattern, _first in TAGS:
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _read)
    if _first:
        _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), list(_first))


def read(body: bytes, media_type: str) -> Any:
    """Plain data out of either.

    :raises Invalid: if it is malformed
    """
    return _yaml(body) if media_type == YAML else parsing.decoded(body)


def written(data: Any, media_type: str) -> bytes:
    """Either, in UTF-8; the YAML is laid out for people."""
    if media_type == JSON:
        return msgspec.json.encode(data)
    text: str = yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=119)
    return text.encode()


def _yaml(body: bytes) -> Any:
    try:
        text = body.decode()
        _check_structure(text)
        data = yaml.load(text, Loader=_Loader)  # noqa: S506  # a loader of plain data
    except UnicodeDecodeError as error:
        raise Invalid("The body is not valid UTF-8.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", in line {mark.line + 1}" if mark else ""
        raise Invalid(f"The body is not valid YAML: {getattr(error, 'problem', None) or error}{where}.") from error
    except ValueError as error:  # the interpreter's own bound on digits
        raise Invalid("The body contains a number with too many digits.") from error
    check_characters(data)
    return data


def _check_structure(text: str) -> None:
    """Before anything is built: a few bytes of aliases or brackets could grow into gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            raise Invalid("The YAML has an alias (*). Write it out.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise Invalid("The YAML is nested too deeply.")
