"""docs/rules/expiry.md: its days are worked out, its stories are lived through."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from loyalty.kernel import clock
from loyalty.models import Event
from loyalty.models.ledger import Lot
from loyalty.services import accounts, ledger, settlement
from tests.loyalty import declared

PAGE = (Path(__file__).resolve().parents[2] / "docs/rules/expiry.md").read_text(encoding="utf-8")
STORIES = re.findall(r"```json\n([^`]*)\n```\n(\| when \(UTC\).*?)\n\n", PAGE, re.DOTALL)
(DAYS,) = re.findall(r"^\| after \|.*?\n\n", PAGE, re.DOTALL | re.MULTILINE)


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def short(moment):
    return f"{moment:%Y-%m-%d %H:%M}"


class Life:
    """One person, and what happens to them."""

    def __init__(self, business):
        self.business = business
        self.account_id = accounts.open_account(business=business).pk

    def live(self, what):
        """What a sweep wrote, in the page's words; empty for all else."""
        if what == "sweep":
            return self.sweep() or "nothing"
        amount = next(iter(re.findall(r"\d+", what)), None)
        said = {"business": self.business, "account_id": self.account_id, "amount": int(amount or 0)}
        if what.startswith("earns"):
            ledger.award(**said, **self.terms(what))
        elif what.startswith("spends"):
            self.spent = ledger.spend(**said)
        elif what.startswith("is taken"):
            ledger.spend(**said, type=ledger.Type.ADJUST, topic="points/adjusted")
        else:
            assert what == "the spend is taken back"
            ledger.reverse(business=self.business, entry_id=self.spent.id)
        return ""

    def terms(self, what):
        named = {"pending until": "pending_until", "until": "expires_at"}
        found = re.search(r"(pending until|until) (.*)", what)
        return {named[found[1]]: at(found[2])} if found else {}

    def sweep(self):
        before = Event.objects.for_business(self.business).count()
        settlement.warn_due()
        settlement.settle_due()
        settlement.settle_silence()
        return ", ".join(self.told(event) for event in self.events()[before:])

    def events(self):
        return list(Event.objects.for_business(self.business).order_by("sequence"))

    def told(self, event):
        said = f"`{event.topic}` {abs(event.facts['amount'])}"
        if event.topic != "points/expiring":
            return said
        return f"{said} on {short(at(event.facts['expiresAt'][:16]))}, {event.facts['warnDays']} days"


class TestDays:
    @pytest.mark.parametrize("row", cells(DAYS), ids=" ".join)
    def test_end_as_the_page_says(self, acme, row):
        after, zone, earned, last_day, gone_from = row
        declared.points(acme, zone=zone, expiry={"after": after})

        with clock.moved_to(at(earned)):
            account = accounts.open_account(business=acme)
            ledger.award(business=acme, account_id=account.pk, amount=5)

        lot = Lot.objects.for_business(acme).get()
        assert short(lot.expires_at.astimezone(UTC)) == gone_from
        next_day = lot.expires_at.astimezone(ZoneInfo(zone)).date()
        assert str(next_day - timedelta(days=1)) == last_day


class TestStories:
    def test_are_all_told(self):
        assert len(STORIES) == 7

    @pytest.mark.parametrize(("policy", "table"), STORIES)
    def test_go_as_the_page_says(self, acme, policy, table):
        declared.points(acme, **json.loads(policy))
        rows = cells(table)
        with clock.moved_to(at(rows[0][0])):
            life = Life(acme)

        lived = []
        for when, what, _ in rows:
            with clock.moved_to(at(when)):
                lived.append([when, what, life.live(what)])

        assert lived == rows
