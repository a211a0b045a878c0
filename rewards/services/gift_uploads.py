"""Bringing a file of gift cards: every row is checked, and all of them are sent as one order, or none.

A file is sent once, whatever it is called, and its PO number is used once.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from advocates.services import csv_files
from advocates.services.csv_files import BadFile
from advocates.services.kinds.imports.base import cells_of, moment, whole_number
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import naming
from rewards.models import GiftOrder, GiftUpload
from rewards.services import gift_lines, gift_orders
from rewards.services.gift_lines import MOST_CARDS, Asked

LONGEST = {"message": 1000, "to": 100, "from_name": 100}  # characters of a cell
LONGEST_CELL = 200  # where nothing else is said
ONE_LINE = re.compile(r"[^\x00-\x1f\x7f]*")
FORGOTTEN_AFTER = timedelta(days=7)  # what was checked and never sent: its rows name people
PERSONAL = {
    "to": "To",
    "from_name": "FromName",
    "from_email": "FromEmail",
    "message": "Message",
    "language": "CultureCode",
}
POSTAL = {
    "shipping_method": "ShippingMethodId",
    "name": "Name",
    "address_line1": "AddressLine1",
    "address_line2": "AddressLine2",
    "city": "City",
    "state": "State",
    "zip": "Zip",
    "country": "Country",
}
NEEDED = ("shipping_method", "name", "address_line1", "country")  # of a postal address, to be judged at all
# Our columns, and what the Gift Card API calls them when it blames one.
COLUMNS = {
    **{"product": "ProductId", "value": "Value", "quantity": "Quantity"},
    **{"email": "DigitalDeliveryAddress.Email", "sms": "DigitalDeliveryAddress.Sms"},
    **{name: f"Personalization.{theirs}" for name, theirs in PERSONAL.items()},
    "deliver_at": "Personalization.DeliveryDate",
    **{name: f"PhysicalDeliveryAddress.{theirs}" for name, theirs in POSTAL.items()},
}
OURS = {theirs: name for name, theirs in COLUMNS.items()}


class SentBefore(Conflict):
    def __init__(self, po_number: str) -> None:
        super().__init__(f"This file was sent before, as {po_number}. Nothing of it was kept.", field="file")


class NotSendable(Conflict):
    def __init__(self) -> None:
        super().__init__("This file was sent already, or some of its rows are wrong: correct them and upload it anew.")


class Judged(NamedTuple):
    """What is wrong about a file, and what the rest comes to."""

    problems: Sequence[Mapping[str, Any]]
    cards: int
    total_minor: int


@transaction.atomic
def receive(
    *, business: Business, po_number: str, type: str, lines: Iterable[str], title: str, author: str = ""
) -> GiftUpload:
    """Keep a CSV file's rows, with what is wrong about them. Nothing is ordered.

    :param lines: as an open text file gives them
    :raises BadFile: if it cannot be read, or is no such file
    :raises SentBefore: if the same file was sent
    :raises gift_orders.DuplicatePoNumber: if the business has used the number
    :raises Invalid: if the number is none
    """
    if not po_number or not ONE_LINE.fullmatch(po_number):
        raise Invalid("A PO number is one line of text.", field="PONumber")
    digest = hashlib.sha256()
    rows = _rows(csv_files.rows(csv_files.hashed(lines, digest)))
    upload = GiftUpload(
        business=business,
        po_number=po_number,
        title=title[:200],
        digest=digest.hexdigest(),
        type=type,
        rows=rows,
        size=len(rows),
        currency=business.currency,
        author=author,
    )
    _check_new(upload)
    judged = _judged(upload)
    upload.problems, upload.cards, upload.total_minor = list(judged.problems), judged.cards, judged.total_minor
    upload.save(force_insert=True)
    return upload


@transaction.atomic
def send(*, business: Business, upload_id: UUID) -> GiftUpload:
    """Order all cards of a file that was found to be right.

    :raises NotFound: if the business has no such upload
    :raises NotSendable: if it was sent, or some of its rows are wrong
    :raises SentBefore, gift_orders.DuplicatePoNumber: as `receive`
    :raises NotFound, Invalid: as `gift_lines.drafted`, if a row does not fit its product any more
    :raises gift_funds.InsufficientFunds: if the deposit does not cover it
    """
    business = naming.lock(business)  # two copies of a file are sent one after the other
    upload = GiftUpload.objects.for_business(business).select_for_update().filter(pk=upload_id).first()
    if upload is None:
        raise NotFound("upload")
    upload.business = business
    if upload.order_id or upload.problems or not upload.rows:
        raise NotSendable
    _check_new(upload)
    asked = [_asked(cells, business.timezone) for _, cells in upload.rows]
    placed = gift_orders.place(
        business=business, type=upload.type, po_number=upload.po_number, asked=asked, note=upload.title
    )
    upload.order, upload.rows = placed.order, []
    upload.save(update_fields=["order", "rows"])
    return upload


def forget(*, business: Business, emails: Collection[str]) -> None:
    """Take the rows of people with these addresses out of files that wait."""
    them = {email.lower() for email in emails}
    for upload in GiftUpload.objects.for_business(business).exclude(rows=[]).select_for_update():
        kept = [row for row in upload.rows if row[1].get("email", "").lower() not in them]
        if len(kept) < len(upload.rows):
            upload.rows = kept
            upload.save(update_fields=["rows"])


def purge() -> int:
    """Forget files that nobody sent. Answers how many."""
    return GiftUpload.objects.filter(order=None, created_at__lt=clock.wall() - FORGOTTEN_AFTER).delete()[0]


def _rows(rows: Iterable[tuple[int, list[str]]]) -> list[tuple[int, dict[str, str]]]:
    given = iter(rows)
    header = next(given, (0, []))[1]
    names = {column: (column,) for column in COLUMNS}
    columns = csv_files.columns(header, names=names, required=[["product"], ["value"]], is_ours=True)
    found = [(line, cells_of(columns, cells)) for line, cells in islice(given, MOST_CARDS + 1)]
    if not found:
        raise BadFile("There are no rows below the first line.")
    if len(found) > MOST_CARDS:
        raise BadFile(f"There are more than {MOST_CARDS:,} rows. Split the file.")
    return found


def _check_new(upload: GiftUpload) -> None:
    sent = GiftUpload.objects.for_business(upload.business).filter(digest=upload.digest, order__isnull=False)
    earlier = sent.values_list("po_number", flat=True).first()
    if earlier is not None:
        raise SentBefore(earlier)
    own = GiftOrder.objects.for_business(upload.business).filter(account=None, po_number=upload.po_number)
    first = own.values_list("pk", flat=True).first()
    if first is not None:
        raise gift_orders.DuplicatePoNumber(first)


def _judged(upload: GiftUpload) -> Judged:
    """Read all rows, and judge them as an order of the Gift Card API."""
    zone, wrong, lines = upload.business.timezone, [], []
    asked: list[Asked] = []
    for line, cells in upload.rows:
        try:
            asked.append(_asked(cells, zone))
            lines.append(line)
        except DomainError as error:
            wrong.append((line, error))
    order = GiftOrder(business=upload.business, type=upload.type, currency=upload.business.currency)
    judged = gift_lines.judged(order=order, asked=asked, now=clock.now(upload.business))
    wrong += [(line, each) for line, each in zip(lines, judged, strict=True) if isinstance(each, DomainError)]
    right = [each for each in judged if not isinstance(each, DomainError)]
    cards = sum(line.quantity for line in right)
    if cards > MOST_CARDS:
        wrong.append((upload.rows[-1][0], Invalid(f"The file is for more than {MOST_CARDS:,} cards. Split it.")))
    problems = [_problem(line, error) for line, error in sorted(wrong, key=lambda each: each[0])]
    return Judged(problems, cards, sum(line.cost_minor * line.quantity for line in right))


def _problem(line: int, error: DomainError) -> dict[str, Any]:
    column = _column(error)
    message = error.message.replace(error.field, column) if error.field and column else error.message
    return {"line": line, "column": column, "message": message}


def _asked(cells: Mapping[str, str], zone: str) -> Asked:
    for name, text in cells.items():
        _check_cell(name, text)
    is_postal = any(name in cells for name in POSTAL)
    missing = next((name for name in NEEDED if is_postal and name not in cells), None)
    if missing is not None:
        raise Invalid(f"{missing} is missing.", field=missing)
    due = cells.get("deliver_at")
    return Asked(
        product=cells.get("product", ""),
        value=_amount(cells.get("value", "")),
        quantity=_quantity(cells.get("quantity", "1")),
        email=cells.get("email", ""),
        sms=cells.get("sms", ""),
        address={theirs: cells[name] for name, theirs in POSTAL.items() if name in cells} if is_postal else None,
        personalization={theirs: cells[name] for name, theirs in PERSONAL.items() if name in cells},
        deliver_at=moment(due, zone, column="deliver_at") if due else None,
    )


def _check_cell(name: str, text: str) -> None:
    most = LONGEST.get(name, LONGEST_CELL)
    if len(text) > most:
        raise Invalid(f"{name} is longer than {most:,} characters.", field=name)
    if "\0" in text or (name != "message" and not ONE_LINE.fullmatch(text)):
        raise Invalid(f"{name} is one line of text.", field=name)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Invalid("value must be an amount such as 12.50.", field="value") from error


def _quantity(text: str) -> int:
    quantity = whole_number(text, column="quantity")
    if not 1 <= quantity <= MOST_CARDS:
        raise Invalid(f"quantity must be 1 to {MOST_CARDS:,}.", field="quantity")
    return quantity


def _column(error: DomainError) -> str:
    """Our name of the column that an order's error blames, as in `LineItems.3.DigitalDeliveryAddress.Email`."""
    parts = (error.field or "").split(".")
    theirs = ".".join(parts[2:] if parts[0] == "LineItems" else parts)
    return OURS.get(theirs, theirs if theirs in COLUMNS else "")
