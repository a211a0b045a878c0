"""Many people written at once are the same people as those written one by one."""

import string
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advocates.models import Advocate
from advocates.services import imports
from loyalty.kernel import clock
from loyalty.kernel.database import tables
from loyalty.models import Account
from loyalty.services import accounts

NOW = clock.wall()
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)
METADATA = st.dictionaries(
    TEXTS, st.recursive(TEXTS | st.booleans() | st.none() | st.integers(-(2**53), 2**53), st.lists), max_size=3
)
PEOPLE = st.fixed_dictionaries(
    {
        "name": TEXTS,
        "external_id": st.text(string.ascii_letters + "\"'\\{},", min_size=1, max_size=20),
        "birthday": st.none() | st.dates(date(1900, 1, 1), date(2020, 1, 1)),
        "accepts_marketing": st.sampled_from([None, True, False]),
        "tags": st.lists(TEXTS, max_size=3),
        "metadata": METADATA,
        "card_sealed": st.binary(min_size=1, max_size=40),
        "card_hash": st.binary(min_size=32, max_size=32),
        "created_at": st.timedeltas(timedelta(0), timedelta(days=9000)).map(NOW.__sub__),
    }
)


def opened(business, said):
    account = Account()
    accounts.open_accounts(business=business, accounts=[account])
    return Advocate(pk=account.pk, business=business, account=account, **said)


class TestWriting:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
    @given(said=PEOPLE)
    def test_leaves_what_saving_leaves(self, acme, said):
        saved, written = opened(acme, said), opened(acme, said)
        saved.save()
        before = Advocate.objects.filter(pk=saved.pk).values().get()
        Advocate.objects.filter(pk=saved.pk).delete()

        tables.write([written])

        after = Advocate.objects.filter(pk=written.pk).values().get()
        own = {"id": written.pk, "account_id": written.pk, "updated_at": written.updated_at}
        assert after == before | own
        assert not written._state.adding
        Advocate.objects.filter(pk=written.pk).delete()

    def test_of_nobody_asks_nothing(self, django_assert_num_queries, db):
        with django_assert_num_queries(0):
            tables.write([])

    def test_of_what_json_has_no_word_for_writes_nothing(self, acme):
        with pytest.raises(TypeError):
            tables.write([opened(acme, {"name": object()})])


@pytest.mark.django_db(transaction=True)
class TestThePlanner:
    def bring(self, acme, people):
        lines = ["name,externalId\n", *(f"Somebody with a long name {n},p-{n}\n" for n in range(people))]
        found = imports.receive(business=acme, kind="customers", lines=lines, title="x")
        self.go_on(found)
        imports.start(business=acme, import_id=found.pk)
        self.go_on(found)

    def go_on(self, found):
        while imports.advance(business=found.business, import_id=found.pk):
            pass

    def test_sees_what_an_import_has_made_large(self, acme):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE loyalty_account")
            self.bring(acme, 1_000)
            assert rows_seen(cursor) == 1_000

    def test_is_not_asked_to_look_for_a_few(self, acme):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE loyalty_account")
            self.bring(acme, 2)
            assert rows_seen(cursor) == 0


def rows_seen(cursor):
    cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'loyalty_account'")
    return cursor.fetchone()[0]
