"""The set-up of a business as one document. Each app registers the sections that it keeps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.models import Business

Document = Mapping[str, Any]  # section key → its items, as parsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong in a document, and where: `quests.0.tasks.1.trigger`."""

    path: str
    message: str


def _no_problems(part: Any, document: Document) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One key of the document.

    :param key: its name in the document
    :param shape: the msgspec type of its part, such as `list[RewardItem]`; items have a `key`
    :param export: what the business has now, in that type; archived things are left out
    :param apply: make the business so, in the caller's transaction; what is not named is archived
    :param check: references that lead nowhere, given its part and the whole document that would be in force
    :param after: sections that are applied first, because this one names their keys
    """

    key: str
    shape: Any
    export: Callable[[Business], Any]
    apply: Callable[[Business, Any], None]
    check: Callable[[Any, Document], Iterable[Problem]] = _no_problems
    after: tuple[str, ...] = ()


_sections: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Make a section part of every business's document."""
    _sections[section.key] = section


def sections() -> Mapping[str, Section]:
    return _sections
