"""What our database backend adds: connections that are not tried at every request, and statements planned once."""

import tracemalloc

import pytest
from django.db import connection

from loyalty.kernel import database
from loyalty.kernel.database import base
from loyalty.services import accounts, ledger

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _as_at_a_request():
    """Django asks once a request whether the connection is usable."""
    connection.ensure_connection()
    connection.health_check_enabled = True
    yield
    connection.health_check_enabled = False


def first_statement_of_a_request():
    connection.health_check_done = False
    cursor = database.prepared_cursor()
    cursor.execute("SELECT pg_backend_pid()")
    return cursor.fetchone()[0]


def end_the_session():
    """What a restart of the server does to a connection."""
    with connection.copy().cursor() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


class TestConnection:
    def test_is_not_tried_again_within_a_second(self, monkeypatch):
        first_statement_of_a_request()
        tried = []
        monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda self: tried.append(self) or True)

        first_statement_of_a_request()
        assert tried == []
        monkeypatch.setattr(base, "monotonic", lambda: connection._sound_until + 1)
        first_statement_of_a_request()

        assert len(tried) == 1

    def test_whose_server_left_it_is_replaced(self, monkeypatch):
        before = first_statement_of_a_request()
        end_the_session()
        monkeypatch.setattr(base, "monotonic", lambda: connection._sound_until + 1)

        assert first_statement_of_a_request() != before

    def test_that_failed_is_tried_at_once(self):
        before = first_statement_of_a_request()
        end_the_session()
        with pytest.raises(connection.Database.OperationalError):
            connection.Database.Cursor(connection.connection).execute("SELECT 1")
        connection.errors_occurred = True

        assert first_statement_of_a_request() != before


class TestPreparedCursor:
    def test_lets_the_server_plan_an_award_once(self, acme):
        account = accounts.open_account(business=acme)
        for _ in range(3):
            ledger.award(business=acme, account_id=account.pk, amount=5)

        with connection.cursor() as cursor:
            cursor.execute("SELECT generic_plans + custom_plans FROM pg_prepared_statements")
            assert cursor.fetchall() == [(3,)]

    def test_alone_is_remembered_by_the_driver(self):
        tracemalloc.start()
        with connection.cursor() as cursor:
            for number in range(20):
                cursor.execute("SELECT length(%s)", [f"{number:01000000}"])
        cursor = None
        held, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert most > 1_000_000
        assert held < 1_000_000

    def test_survives_its_connection(self, acme):
        account = accounts.open_account(business=acme)
        ledger.award(business=acme, account_id=account.pk, amount=5)
        connection.close()

        assert ledger.award(business=acme, account_id=account.pk, amount=5).balance_after == 10

    def test_shows_in_logs_what_was_asked(self, acme, django_assert_num_queries):
        account = accounts.open_account(business=acme)

        with django_assert_num_queries(1) as asked:
            ledger.award(business=acme, account_id=account.pk, amount=5, description="Welcome")

        assert "laurel_award" in asked[0]["sql"]
        assert "'Welcome'" in asked[0]["sql"]
