"""How values look: points, moments, people, states, JSON."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.admin.people import Person

NOTHING = "–"
SHORT = 200  # characters

Column = Callable[[Any], Any]


def points(amount: int) -> str:
    return f"{amount:,}"


def change(amount: int) -> SafeString:
    """An amount that came or went, in its colour."""
    css = "text-green-700 dark:text-green-400" if amount > 0 else "text-red-700 dark:text-red-400"
    return format_html('<span class="font-medium tabular-nums {}">{}</span>', css, f"{amount:+,}".replace("-", "−"))


def moment(at: datetime | None) -> SafeString | str:
    """A time on the business's clocks, to the minute; the exact one shows under the pointer."""
    if at is None:
        return NOTHING
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}" class="whitespace-nowrap">{}</time>',
        local.isoformat(),
        f"{local:%Y-%m-%d %H:%M:%S %Z}",
        f"{local.day} {local:%b %Y, %H:%M}",
    )


def between(start: datetime | None, end: datetime | None) -> SafeString:
    """From one moment until another, or on from there."""
    return format_html("{} – {}", "" if start is None else moment(start), "" if end is None else moment(end))


def link(text: object, url: str) -> SafeString:
    return format_html('<a href="{}" class="text-link">{}</a>', url, text)


def person(found: Person | None) -> SafeString | str:
    return link(found.name, found.url) if found else NOTHING


def state(text: str, kind: str = "") -> SafeString:
    """A coloured label: success, warning, danger, info, or plain."""
    return render_to_string("unfold/helpers/label.html", {"text": text, "variant": kind})


def code(text: object) -> SafeString:
    return format_html('<code class="lr-code">{}</code>', text)


def prose(text: str) -> SafeString | str:
    """What somebody wrote, with its line breaks; the longest word fits."""
    return format_html('<span class="lr-long">{}</span>', text) if text else NOTHING


def folded(text: str) -> SafeString | str:
    """As `prose`; of what is long only the beginning shows, until somebody opens it."""
    if len(text) <= SHORT:
        return prose(text)
    return format_html('<details class="lr-long"><summary>{} …</summary>{}</details>', text[:SHORT], text)


def pretty(value: object) -> SafeString | str:
    """A JSON value, indented."""
    if not value:
        return NOTHING
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return format_html('<pre class="lr-json">{}</pre>', text)


def column(title: str, show: Column, *, order: str = "") -> Column:
    """A column of a list, or a read-only field, out of a function of the row."""

    def shown(row: Any) -> Any:
        return show(row)

    vars(shown).update(short_description=title)
    if order:
        vars(shown).update(admin_order_field=order)
    return shown


def moment_of(field: str, title: str) -> Column:
    return column(title, lambda row: moment(getattr(row, field)), order=field)
