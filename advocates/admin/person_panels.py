"""The tables on a person's page: what they have, what of it ends, and how a till knows them."""

from collections.abc import Sequence

from advocates.models import Advocate
from advocates.services import loyalty_cards
from loyalty.admin import look
from loyalty.admin.panels import Panel
from loyalty.kernel import card_numbers
from loyalty.selectors import ledger as books
from loyalty.selectors.segments import memberships_of

SHOWN = 5  # dates at which points expire


def balances(advocate: Advocate) -> Panel:
    held = books.metrics_of(business=advocate.business, account_id=advocate.pk)
    rows = [
        [key, *map(look.points, (wallet.amount, wallet.pending, wallet.lifetime_earned, wallet.lifetime_spent))]
        for key, wallet in held.items()
    ]
    headers = ("Metric", "Can be spent", "Ripens later", "Earned in a lifetime", "Spent in a lifetime")
    return Panel("Balances", headers, rows, empty="The programme counts nothing yet.")


def expiring(advocate: Advocate) -> Sequence[Panel]:
    lots = books.expiring(business=advocate.business, account_id=advocate.pk)
    rows = [[look.moment(lot.expires_at), look.points(lot.amount)] for lot in lots[:SHOWN]]
    return [Panel("What expires next", ("When", "Points"), rows, empty="")] if rows else []


def memberships(advocate: Advocate) -> Panel:
    found = memberships_of(business=advocate.business, account_id=advocate.pk)
    rows = [[member.segment.title, look.moment(member.joined_at), look.moment(member.ends_at)] for member in found]
    return Panel("Memberships", ("Membership", "Since", "Until"), rows, empty="None.")


def card(advocate: Advocate) -> Panel:
    number = loyalty_cards.number_of(advocate)
    rows = [[look.code(card_numbers.grouped(number))]] if number else []
    return Panel("Loyalty card", ("Number",), rows, empty="None was issued yet.")
