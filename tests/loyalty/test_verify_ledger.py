"""Whatever is changed behind the ledger's back is found, and named."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from loyalty.services import accounts, ledger, verification

pytestmark = pytest.mark.breaks_the_books


@pytest.fixture
def entry(acme):
    account = accounts.open_account(business=acme)
    ledger.award(business=acme, account_id=account.pk, amount=50)
    return ledger.spend(business=acme, account_id=account.pk, amount=20)


def behind_its_back(statement):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = DEFAULT")


class TestVerify:
    def test_is_content_with_what_the_services_wrote(self, entry):
        assert verification.verify() == []

    @pytest.mark.parametrize(
        ("statement", "check"),
        [
            ("UPDATE loyalty_balance SET amount = amount + 1", "a balance is the sum of its entries"),
            ("UPDATE loyalty_lot SET remaining = remaining - 1", "a balance is the sum of its lots"),
            ("UPDATE loyalty_ledgerentry SET amount = -19 WHERE amount = -20", "the chain of an account's entries"),
            (
                "WITH gone AS (DELETE FROM loyalty_ledgerentry WHERE amount = -20 RETURNING id)"
                " DELETE FROM loyalty_lotuse USING gone WHERE entry_id = gone.id",
                "the chain of an account's entries is whole",
            ),
            ("UPDATE loyalty_ledgerentry SET hash = '\\x00' WHERE amount = 50", "the chain of an account's entries"),
            ("DELETE FROM loyalty_event WHERE sequence = 2", "every entry has its event"),
            ("UPDATE loyalty_lotuse SET amount = 1", "an entry's lots add up to it"),
            ("UPDATE loyalty_account SET event_sequence = 9", "an account's events are numbered without gaps"),
        ],
    )
    def test_finds_what_was_changed(self, entry, statement, check):
        behind_its_back(statement)

        assert any(finding.check.startswith(check) for finding in verification.verify())

    def test_looks_at_one_business_when_asked(self, acme, rival, entry):
        behind_its_back("UPDATE loyalty_balance SET amount = amount + 1")

        assert verification.verify(acme) != []
        assert verification.verify(rival) == []


class TestCommand:
    def test_says_so_and_fails(self, entry):
        behind_its_back("UPDATE loyalty_balance SET amount = amount + 1")
        told = StringIO()

        with pytest.raises(CommandError, match="Nothing was changed"):
            call_command("verify_ledger", stderr=told)

        assert str(entry.account_id) in told.getvalue()

    def test_is_content(self, entry):
        told = StringIO()
        call_command("verify_ledger", business="acme", stdout=told)

        assert "checks hold" in told.getvalue()
