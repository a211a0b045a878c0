"""GET and POST /sso/mappings: more ids by which the merchant knows a person."""

from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connection, transaction

from advocates.models import Advocate, SsoMapping
from advocates.services import advocates, mappings
from loyalty.services import accounts, erasure
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def add(api, advocate, external_id="outlet-7", **more):
    return api.post("/sso/mappings", {"advocateId": str(advocate.pk), "externalCustomerId": external_id, **more})


class TestRefuses:
    def test_somebody_of_another_business(self, api, eve):
        assert_refused(add(api, eve), "NOT_FOUND", "advocateId", status=404)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("advocateId", "x"),
            ("externalCustomerId", ""),
            ("externalCustomerId", "a/b"),
            ("externalCustomerId", "x" * 129),
            ("externalEmail", "nobody"),
            ("externalName", "x" * 201),
            ("points", 1),
        ],
    )
    def test_a_field_that_makes_no_sense(self, api, ada, field, value):
        body = {"advocateId": str(ada.pk), "externalCustomerId": "outlet-7", field: value}

        assert_refused(api.post("/sso/mappings", body), "VALIDATION_ERROR", field)

    def test_an_id_that_somebody_has(self, api, ada, bob):
        add(api, ada)

        for taken in ("outlet-7", "ada-1", "bob-1"):
            assert_refused(add(api, bob, taken), "CONFLICT", "externalCustomerId", status=409)

    def test_a_mapped_id_for_somebody_new(self, api, ada, bob):
        add(api, ada)

        body = {"email": "x@example.com", "externalId": "outlet-7"}
        assert_refused(api.post("/advocates", body), "CONFLICT", "externalId", status=409)
        changed = api.patch(f"/advocates/{bob.pk}", {"externalId": "outlet-7"})
        assert_refused(changed, "CONFLICT", "externalId", status=409)

    def test_who_is_erased(self, api, acme, ada):
        erasure.erase(business=acme, account_id=ada.pk)

        assert_refused(add(api, ada), "CONFLICT", None, status=409)

    def test_the_cursor_of_another_business(self, api, rival_api, ada, eve):
        for number in range(2):
            add(rival_api, eve, f"e-{number}")
        cursor = rival_api.get("/sso/mappings", limit=1).json()["nextCursor"]

        assert_refused(api.get("/sso/mappings", cursor=cursor), "VALIDATION_ERROR", "cursor")


class TestMappings:
    def test_are_answered_whole(self, api, ada):
        made = add(api, ada, externalEmail="Ada@Outlet.example", externalName="A. L.")

        mapping = made.json()["mapping"]
        assert made.status_code == 201
        assert {name: mapping[name] for name in mapping if name not in ("id", "createdAt")} == {
            "advocateId": str(ada.pk),
            "externalCustomerId": "outlet-7",
            "externalEmail": "ada@outlet.example",
            "externalName": "A. L.",
        }
        assert api.get("/sso/mappings").json() == {"mappings": [mapping], "nextCursor": None}

    def test_are_found_by_id_and_by_person(self, api, ada, bob, eve, rival_api):
        for person, external_id in ((ada, "a"), (ada, "b"), (bob, "c")):
            add(api, person, external_id)
        add(rival_api, eve, "a")

        def found(**query):
            return [row["externalCustomerId"] for row in api.get("/sso/mappings", **query).json()["mappings"]]

        assert found() == ["c", "b", "a"]
        assert found(advocateId=str(ada.pk)) == ["b", "a"]
        assert found(externalCustomerId="c") == ["c"]
        assert found(advocateId=str(eve.pk)) == found(advocateId=str(uuid4())) == []

    def test_make_the_id_mean_the_person(self, api, acme, ada):
        add(api, ada)

        found = advocates.find_or_create_by_external_id(business=acme, external_id="outlet-7")

        assert (found.pk, Advocate.objects.for_business(acme).count()) == (ada.pk, 1)

    def test_go_with_a_merge_and_come_back(self, api, acme, ada, bob):
        add(api, ada)
        api.post(f"/advocates/{ada.pk}/merge", {"intoAdvocateId": str(bob.pk)})

        assert SsoMapping.objects.for_business(acme).get().advocate_id == bob.pk


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def join_and_map(self, acme, ada):
        """Ten people join under the ids that are being mapped to Ada."""

        def work(number):
            if number % 2:
                return mappings.create(business=acme, advocate_id=ada.pk, external_customer_id=f"x-{number // 2}")
            return advocates.create(business=acme, external_id=f"x-{number // 2}")

        return at_once(20, work)

    def test_an_id_means_one_person(self, acme, ada):
        answers = self.join_and_map(acme, ada)

        assert len(errors(answers)) == 10
        assert {type(error) for error in errors(answers)} <= {mappings.MappingTaken, accounts.ExternalIdTaken}

    def test_without_the_lock_it_could_mean_two(self, acme, ada):
        """The control: the trigger's look alone does not see what has not been committed."""
        body = "SELECT pg_get_functiondef('laurel_external_id_is_free'::regproc)"
        with connection.cursor() as cursor:
            cursor.execute(body)
            (function,) = cursor.fetchone()
            cursor.execute(function.replace("pg_advisory_xact_lock(v_lock)", "pg_sleep(0.2)"))
        try:
            assert len(errors(self.map_while_joining(acme, ada))) == 0
        finally:
            with connection.cursor() as cursor:
                cursor.execute(function)

    def map_while_joining(self, acme, ada):
        both_wrote = Barrier(2)

        @transaction.atomic
        def work(number):
            if number:
                done = mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="x-1")
            else:
                done = advocates.create(business=acme, external_id="x-1")
            both_wrote.wait(timeout=10)
            return done

        return at_once(2, work)
