"""Lists, always by key: page one costs what page one thousand costs.

A cursor names the last row's place in the order. It is signed for its business and list, so a foreign or edited one
is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import orjson
from django.core import signing
from django.db.models import Model, Q, QuerySet

from loyalty.api.parsing import Body
from loyalty.kernel.errors import Invalid
from loyalty.models import Business

Row = TypeVar("Row", bound=Model)

MOST_COUNTED = 10_000


class PageQuery(Body):
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


class NumberedQuery(PageQuery):
    page: Annotated[int, msgspec.Meta(ge=1)] | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class NumberedPage(Page[Row]):
    page: int
    total: int
    total_is_capped: bool


def page_by_cursor(
    rows: "QuerySet[Row]",
    query: PageQuery,
    *,
    business: Business,
    order: Sequence[str] = ("-created_at", "-id"),
) -> Page[Row]:
    """One page of `rows` in `order`, whose last column is unique; all columns go the same way.

    :raises Invalid: naming `cursor`, if it was not made for this list
    """
    salt = _salt(rows, business, order)
    if query.cursor is not None:
        rows = rows.filter(_after(order, _opened(query.cursor, rows, order, salt)))
    found = list(rows.order_by(*order)[: query.limit + 1])
    items = found[: query.limit]
    return Page(items, _closed(items[-1], order, salt) if len(found) > query.limit else None)


def page_numbered(
    rows: "QuerySet[Row]",
    query: NumberedQuery,
    *,
    business: Business,
    order: Sequence[str] = ("-created_at", "-id"),
) -> NumberedPage[Row]:
    """As `page_by_cursor`, for lists that also take `page` and answer a total.

    :raises Invalid: for pages beyond the first 10,000 rows, or `page` beside `cursor`
    """
    number = query.page or 1
    if query.page is not None and query.cursor is not None:
        raise Invalid("Give page or cursor, not both.", field="page")
    if number * query.limit > MOST_COUNTED:
        raise Invalid(f"Pages end at {MOST_COUNTED:,} rows. Use cursor for more.", field="page")
    total = rows.order_by()[: MOST_COUNTED + 1].count()
    rest = rows if number == 1 else _beyond(rows, order, (number - 1) * query.limit)
    found = page_by_cursor(rest, query, business=business, order=order)
    return NumberedPage(found.items, found.next_cursor, number, min(total, MOST_COUNTED), total > MOST_COUNTED)


def _beyond(rows: "QuerySet[Row]", order: Sequence[str], skipped: int) -> "QuerySet[Row]":
    """The rows after the first `skipped`: one index-only step finds the key, the page is read by it."""
    names = [column.lstrip("-") for column in order]
    edge = rows.order_by(*order).values_list(*names)[skipped - 1 : skipped].first()
    return rows.filter(_after(order, edge)) if edge else rows.none()


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """(a, b) after (x, y): a beyond x, or a = x and b beyond y."""
    beyond = "lt" if order[0].startswith("-") else "gt"
    names = [column.lstrip("-") for column in order]
    condition = Q()
    for i, name in enumerate(names):
        same = {names[j]: values[j] for j in range(i)}
        condition |= Q(**same, **{f"{name}__{beyond}": values[i]})
    return condition & Q(**{f"{names[0]}__{beyond}e": values[0]})


def _salt(rows: "QuerySet[Row]", business: Business, order: Sequence[str]) -> str:
    return f"cursor:{business.pk}:{rows.model._meta.label}:{','.join(order)}"


def _closed(row: Row, order: Sequence[str], salt: str) -> str:
    values = [getattr(row, column.lstrip("-")) for column in order]
    text = signing.b64_encode(orjson.dumps(values)).decode()
    return signing.Signer(salt=salt).sign(text)


def _opened(cursor: str, rows: "QuerySet[Row]", order: Sequence[str], salt: str) -> list[Any]:
    try:
        values = orjson.loads(signing.b64_decode(signing.Signer(salt=salt).unsign(cursor).encode()))
    except (signing.BadSignature, ValueError) as error:
        raise Invalid("This cursor was not made for this list. Start without one.", field="cursor") from error
    return [_typed(rows.model, column.lstrip("-"), value) for column, value in zip(order, values, strict=True)]


def _typed(model: type[Model], name: str, value: Any) -> Any:
    """Ids and times come back as themselves; what was annotated is a number, and stays one."""
    columns = {spelled: field for field in model._meta.concrete_fields for spelled in (field.name, field.attname)}
    return columns[name].to_python(value) if name in columns else value
