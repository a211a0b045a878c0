"""Whatever is changed behind the ledger's back is found, and named."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from loyalty import tasks
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


class TestOnePass:
    @pytest.fixture
    def spent(self, acme):
        """Four people, each with an award and a spend."""
        people = [accounts.open_account(business=acme) for _ in range(4)]
        for person in people:
            ledger.award(business=acme, account_id=person.pk, amount=50)
        return [ledger.spend(business=acme, account_id=person.pk, amount=20) for person in people]

    @pytest.fixture
    def broken(self, spent):
        """A balance, an entry, a hash and an event, each of somebody else."""
        balance, entry, hashed, event = spent
        behind_its_back(f"UPDATE loyalty_balance SET amount = 31 WHERE account_id = '{balance.account_id}'")
        behind_its_back(f"UPDATE loyalty_ledgerentry SET amount = -19 WHERE id = '{entry.id}'")
        behind_its_back(f"UPDATE loyalty_ledgerentry SET hash = sha256('') WHERE id = '{hashed.id}'")
        behind_its_back(f"DELETE FROM loyalty_event WHERE account_id = '{event.account_id}' AND sequence = 2")
        return spent

    def test_names_each_of_four_by_its_id(self, acme, broken):
        balance, entry, hashed, event = broken

        assert {(finding.check, finding.offender) for finding in verification.verify()} == {
            ("a balance is the sum of its entries", str(balance.account_id)),
            ("a balance is the sum of its lots", str(balance.account_id)),
            ("a balance is the sum of its entries", str(entry.account_id)),
            ("an entry's lots add up to it", str(entry.id)),
            ("the chain of an account's entries is whole", str(entry.id)),
            ("the chain of an account's entries is whole", str(hashed.id)),
            ("the chain of an account's entries is whole", str(hashed.account_id)),
            ("every entry has its event", str(event.id)),
            ("an account's events are numbered without gaps", str(event.account_id)),
        }
        assert {finding.business_id for finding in verification.verify()} == {str(acme.pk)}

    def test_changes_nothing_by_itself(self, broken):
        before = written()

        with pytest.raises(CommandError):
            call_command("verify_ledger", stderr=StringIO())
        tasks.verify_ledger()

        assert written() == before


def written():
    """Every row of the books, as text."""
    tables = ("account", "balance", "ledgerentry", "lot", "lotuse", "event", "entrytext")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT t::text FROM loyalty_{table} t" for table in tables))
        return sorted(row for (row,) in cursor.fetchall())


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
