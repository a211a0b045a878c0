"""The set-up of a business as one document. Each app registers the sections that it keeps.

Applying a document is one transaction: what there is is written down, the sections that were sent are made so, and
what came of it is written down again. The difference is the answer; a dry run takes it all back.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.differences import Change, by_key, differences, is_keyed
from loyalty.kernel.errors import Code, DomainError, Invalid, NotFound
from loyalty.kernel.shapes import to_struct
from loyalty.models import Business, ProgrammeVersion

Origin = ProgrammeVersion.Origin
Version = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Document = Mapping[str, Any]  # section key → its items, as parsed
Plain = dict[str, Any]  # the same as JSON has it
Item = TypeVar("Item")
PLACE = re.compile(r"\.[0-9]+(?=\.|$)")  # of an item in its list


class Part(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An item of a section, or a section that is one object."""


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
    :param finish: what needs all sections of the document to be applied, such as what a tier gives out of the rewards
    :param check: references that lead nowhere, given its part and the whole document that would be in force
    :param after: sections that are applied first, because this one names their keys
    """

    key: str
    shape: Any
    export: Callable[[Business], Any]
    apply: Callable[[Business, Any], None]
    check: Callable[[Any, Document], Iterable[Problem]] = _no_problems
    finish: Callable[[Business, Any], None] | None = None
    after: tuple[str, ...] = ()


_sections: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Make a section part of every business's document."""
    _sections[section.key] = section


def sections() -> Mapping[str, Section]:
    return _sections


class Stale(DomainError):
    code = Code.PRECONDITION_FAILED

    def __init__(self, etag: str) -> None:
        super().__init__(f"The programme has changed: it is {etag} now. Read it, and apply your change to that.")


class StillNamed(Invalid):
    def __init__(self, where: str) -> None:
        super().__init__(f"The programme would not hold together without it: see {where}. Change that first.")


@dataclass(frozen=True, slots=True)
class Programme:
    """A business's document as it is, with the number of its latest version."""

    version: int
    document: Plain

    @property
    def etag(self) -> str:
        """Differs whenever anything does, whichever door it came through."""
        said = msgspec.json.encode(self.document, order="deterministic")
        return f'"{self.version}-{hashlib.sha256(said).hexdigest()[:16]}"'


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applying a document did, or would do."""

    now: Programme
    changes: list[Change]
    warnings: list[str]


def document_type() -> type[msgspec.Struct]:
    """All sections as one type; each may be left out."""
    return _type_of(tuple(_sections))


@cache
def _type_of(keys: tuple[str, ...]) -> type[msgspec.Struct]:
    shapes = {"version": Version, **{key: _sections[key].shape for key in keys}}  # the version is read, never written
    fields = [(key, shape | msgspec.UnsetType, msgspec.UNSET) for key, shape in shapes.items()]
    return msgspec.defstruct("ProgrammeDocument", fields, kw_only=True, forbid_unknown_fields=True)


def parsed(data: Any) -> Document:
    """The sections that a document names, typed.

    :raises Invalid: naming the path of the first field that makes no sense
    """
    return sections_of(to_struct(data, document_type()))


def sections_of(found: msgspec.Struct) -> Document:
    """The sections that a `document_type` holds."""
    return {key: part for key in _sections if (part := getattr(found, key)) is not msgspec.UNSET}


def current(business: Business) -> Programme:
    """What the business's programme is now."""
    fresh = Business.objects.get(pk=business.pk)
    return Programme(fresh.programme_stamp, _plain(_exported(fresh)))


@transaction.atomic
def apply(
    *, business: Business, document: Document, author: str = "", if_match: str | None = None, dry_run: bool = False
) -> Outcome:
    """Make the sections of `document` the business's own; the others stay. A dry run changes nothing.

    :raises Stale: if the programme is no longer the one that `if_match` names
    :raises Invalid: naming the path of what the merged document says wrong
    """
    business = Business.objects.select_for_update(no_key=True).get(pk=business.pk)
    exported = _exported(business)
    before = _written_down(business, _plain(exported), author="", origin=Origin.ELSEWHERE)
    if if_match is not None and not _matches(if_match, before):
        raise Stale(before.etag)
    there_before = _check({**exported, **document}, before=exported)
    known = _last_document(business)

    sent = [section for section in _in_order() if section.key in document]
    for section in sent:
        _put(section, section.apply, business, document[section.key])
    for section in sent:
        if section.finish:
            _put(section, section.finish, business, document[section.key])
    business.refresh_from_db()
    now = _written_down(business, _plain(_exported(business)), author=author, origin=Origin.DOCUMENT)
    changes = list(differences(before.document, now.document))
    if dry_run:
        transaction.set_rollback(True)
    broken = [f"{problem.path}: {problem.message} It was so before." for problem in there_before]
    return Outcome(now, changes, [*_warnings(changes, known), *broken])


@contextmanager
def imagined(*, business: Business, document: Document) -> Iterator[Business]:
    """The business as if the document were applied, inside the block; then nothing of it is left.

    People keep their places on ladders that it changes. Other documents wait meanwhile.

    :raises Invalid: as `apply`
    """
    with transaction.atomic():
        business = Business.objects.select_for_update(no_key=True).get(pk=business.pk)
        exported = _exported(business)
        _check({**exported, **document}, before=exported)
        for section in _in_order():
            if section.key in document:
                _put(section, section.apply, business, document[section.key])
        business.refresh_from_db()
        yield business
        transaction.set_rollback(True)


def restore(*, business: Business, number: int, author: str = "", dry_run: bool = False) -> Outcome:
    """Make the programme what it was in a version. Sections that came later stay as they are.

    :raises NotFound: if there is no such version
    :raises Invalid: if it holds what this release no longer knows
    """
    version = ProgrammeVersion.objects.for_business(business).filter(number=number).first()
    if version is None:
        raise NotFound("version")
    return apply(business=business, document=parsed(version.document), author=author, dry_run=dry_run)


def put_rows(rows: Any, wanted: Mapping[str, Mapping[str, Any]], **fixed: Any) -> dict[str, Any]:
    """Make rows that have a `key` and an `archived_at` those that are wanted: created, changed or restored by key.

    The others are archived. `fixed` is what every new row has, its business first.
    """
    rows.filter(archived_at=None).update(archived_at=clock.wall())
    return {
        key: rows.update_or_create(key=key, defaults={**values, "archived_at": None, **fixed})[0]
        for key, values in wanted.items()
    }


def each(items: Iterable[Item], put: Callable[[Item], None], *, section: str) -> None:
    """Put every item of a section. What one of them is refused for is said with its place in the document.

    :raises DomainError: as `put`
    """
    for number, item in enumerate(items):
        try:
            put(item)
        except DomainError as error:
            error.field = ".".join(filter(None, (section, str(number), error.field)))
            raise


def unknown(named: Iterable[tuple[str, str | None]], known: Iterable[str], noun: str) -> Iterator[Problem]:
    """A problem for each (path, key) whose key is not known."""
    keys = set(known)
    for path, key in named:
        if key is not None and key not in keys:
            yield Problem(path=path, message=f"There is no {noun} {key!r} in this programme.")


def groups_of(document: Document) -> set[str]:
    """The keys of a document by which audiences name people: of its segments, and of its memberships."""
    return {item.key for section in ("segments", "memberships") for item in document.get(section, ())}


def _exported(business: Business) -> Document:
    return {key: section.export(business) for key, section in _sections.items()}


def _plain(document: Document) -> Plain:
    return {key: msgspec.to_builtins(part) for key, part in document.items()}


def _written_down(business: Business, document: Plain, *, author: str, origin: Origin) -> Programme:
    """The version that says `document`: the latest one, or the next."""
    versions = ProgrammeVersion.objects.for_business(business)
    latest = versions.order_by("number").last()
    if latest is None or latest.document != document:
        if latest is not None:
            business.programme_stamp += 1
            business.save(update_fields=["programme_stamp"])
        number = business.programme_stamp
        versions.create(business=business, number=number, document=document, author=author, origin=origin)
    return Programme(business.programme_stamp, document)


@contextmanager
def kept_whole(business: Business) -> Iterator[None]:
    """Change something of the programme inside the block, and leave nothing that names what is not there any more.

    :raises StillNamed: if something does that did not before
    """
    before = _exported(business)
    yield
    try:
        _check(_exported(business), before=before)
    except Invalid as error:
        raise StillNamed(error.field or "") from error


def _last_document(business: Business) -> Plain:
    """What the latest document that was applied made of the programme."""
    versions = ProgrammeVersion.objects.for_business(business).filter(origin=Origin.DOCUMENT)
    last = versions.order_by("number").last()
    return last.document if last else {}


def _matches(if_match: str, programme: Programme) -> bool:
    """Whether one of the tags is this programme's. A version's plain number is one, too."""
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    return bool(tags & {"*", str(programme.version), programme.etag.strip('"')})


def _check(document: Document, *, before: Document) -> list[Problem]:
    """The whole document that would be in force. Answers what is wrong with it, but was so before.

    :raises Invalid: if anything else is
    """
    problems = list(_problems(document))
    found = list(_since(problems, known=set(_problems(before)))) if problems else []
    if found:
        more = f" There are {len(found) - 1} more problems." if len(found) > 1 else ""
        raise Invalid(f"{found[0].path}: {found[0].message}{more}", field=found[0].path)
    return problems


def _since(problems: Sequence[Problem], *, known: set[Problem]) -> Iterator[Problem]:
    """Those that are not known. A known one may have moved with its item, when another item came or went."""
    moved = Counter(_wherever(problem) for problem in known.difference(problems))
    for problem in problems:
        if problem not in known:
            moved[_wherever(problem)] -= 1
            if moved[_wherever(problem)] < 0:
                yield problem


def _wherever(problem: Problem) -> tuple[str, str]:
    return PLACE.sub("", problem.path), problem.message


def _problems(document: Document) -> Iterator[Problem]:
    yield from _repeated(_plain(document), "")
    for key, part in document.items():
        yield from _sections[key].check(part, document)


def _repeated(value: Any, path: str) -> Iterator[Problem]:
    """Keys that stand twice in one list."""
    if is_keyed(value) and len(by_key(value)) < len(value):
        keys = [item["key"] for item in value]
        number = next(n for n, key in enumerate(keys) if key in keys[:n])
        said = "Give it a key of its own." if keys[number] is None else f"The key {keys[number]!r} is given twice."
        yield Problem(path=f"{path}.{number}.key", message=said)
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from _repeated(part, f"{path}.{name}" if path else str(name))


def _in_order() -> Iterator[Section]:
    """Every section behind those that it comes after."""
    done: set[str] = set()
    waiting = list(_sections.values())
    while waiting:
        ready = [each for each in waiting if done.issuperset(name for name in each.after if name in _sections)]
        assert ready, "sections wait for each other"
        yield from ready
        done.update(each.key for each in ready)
        waiting = [each for each in waiting if each.key not in done]


def _put(section: Section, act: Callable[[Business, Any], None], business: Business, part: Any) -> None:
    """Apply or finish a section. What its nouns refuse is said with the section's name before the field."""
    try:
        act(business, part)
    except DomainError as error:
        field = error.field or ""
        path = field if field.startswith(section.key) else f"{section.key}.{field}".rstrip(".")
        raise Invalid(f"{path}: {error.message}", field=path) from error


def _warnings(changes: Iterable[Change], known: Plain) -> Iterator[str]:
    """What goes away although no document made it: somebody did, in the dashboard or by another call."""
    for change in changes:
        section, _, key = change.path.partition(".")
        is_item = change.action == "removed" and is_keyed(known.get(section, [])) and "." not in key
        if is_item and key not in by_key(known.get(section, [])):
            yield f"{change.path} was made in the dashboard or by another call, and the document would archive it."
