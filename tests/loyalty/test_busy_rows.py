"""The rows that every posting writes name their business only together with their account."""

import pytest
from django.db import IntegrityError, connection, transaction

from loyalty.models import Metric
from loyalty.services import accounts, ledger


@pytest.fixture
def account(acme):
    account = accounts.open_account(business=acme)
    ledger.award(business=acme, account_id=account.pk, amount=5)
    return account


def assert_refused(statement, parameters, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


class TestTheDatabase:
    def test_refuses_an_event_under_another_business(self, account, rival):
        statement = "UPDATE loyalty_event SET business_id = %s WHERE account_id = %s"

        assert_refused(statement, [rival.pk, account.pk], "event_of_its_business")

    def test_refuses_an_entry_under_another_business(self, account, rival):
        copy = """
            INSERT INTO loyalty_ledgerentry SELECT (jsonb_populate_record(e, jsonb_build_object(
                'id', gen_random_uuid(), 'sequence', 99, 'business_id', %s::uuid))).*
            FROM loyalty_ledgerentry e WHERE account_id = %s
        """

        assert_refused(copy, [rival.pk, account.pk], "entry_of_its_balance")

    def test_refuses_a_balance_under_another_business(self, account, rival):
        copy = """
            INSERT INTO loyalty_balance SELECT (jsonb_populate_record(b, jsonb_build_object(
                'id', gen_random_uuid(), 'business_id', %s::uuid))).*
            FROM loyalty_balance b WHERE account_id = %s
        """

        assert_refused(copy, [rival.pk, account.pk], "balance_of_its_business")

    def test_refuses_an_entry_that_is_in_no_balance(self, account, acme):
        stars = Metric.objects.create(business=acme, key="stars", title="Stars")
        copy = """
            INSERT INTO loyalty_ledgerentry SELECT (jsonb_populate_record(e, jsonb_build_object(
                'id', gen_random_uuid(), 'sequence', 99, 'source_id', 'other', 'metric_id', %s::uuid))).*
            FROM loyalty_ledgerentry e WHERE account_id = %s
        """

        assert_refused(copy, [stars.pk, account.pk], "entry_of_its_balance")
