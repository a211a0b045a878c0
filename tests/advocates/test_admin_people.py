"""Merging, undoing, exporting and erasing people in the dashboard, and the segments that they are in."""

import json

import pytest

from advocates.models import Advocate
from advocates.services import advocates, mappings
from loyalty.models import Account, Merge, Segment
from loyalty.selectors import ledger as books
from loyalty.services import ledger, merges, segments
from tests import dashboards

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def ann(acme):
    return dashboards.works_for(acme, dashboards.Role.ANALYST)


def points_of(advocate):
    return books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


def status_of(advocate):
    return Account.objects.get(pk=advocate.pk).status


class TestMerge:
    @pytest.mark.parametrize("into", ["", "nobody@example.com", "eve@example.com", "eve-1"])
    def test_refuses_who_is_not_there(self, olga, ada, eve, into):
        answer = olga.post(dashboards.page(ada, "merge"), {"into": into})

        assert answer.context["form"].errors["into"]
        assert not Merge.objects.exists()

    def test_refuses_themselves_and_another_business(self, olga, ada, eve):
        for into in (ada.pk, eve.pk):
            olga.post(dashboards.page(ada, "merge"), {"into": str(into)})

        assert not Merge.objects.exists()

    def test_is_not_for_analysts(self, ann, ada, bob):
        assert ann.post(dashboards.page(ada, "merge"), {"into": "bob-1"}).status_code == 403

    @pytest.mark.parametrize("into", ["BOB@example.com", "bob-1", "id"])
    def test_finds_who_stays_by_any_of_their_names(self, olga, ada, bob, give, into):
        give(ada, 30)

        olga.post(dashboards.page(ada, "merge"), {"into": str(bob.pk) if into == "id" else into})

        assert (points_of(bob), status_of(ada)) == (30, "merged")
        assert olga.get(dashboards.page(ada, "merge")).status_code == 403

    def test_says_before_what_will_happen(self, olga, ada, give):
        give(ada, 1_234)

        assert "1,234 points" in dashboards.text_of(olga.get(dashboards.page(ada, "merge")))


class TestUndo:
    @pytest.fixture
    def done(self, acme, ada, bob, give):
        give(ada, 100)
        done = merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)
        ledger.spend(business=acme, account_id=bob.pk, amount=30)
        return done

    def test_says_before_what_will_happen(self, olga, done):
        assert "70 of 100 points will go back" in dashboards.text_of(olga.get(dashboards.page(done, "undo")))
        assert "Ada Lovelace" in dashboards.text_of(olga.get(dashboards.page(done)))
        assert "In force" in dashboards.text_of(olga.get(dashboards.listed(Merge)))

    def test_makes_two_of_them_again(self, olga, done, ada, bob):
        olga.post(dashboards.page(done, "undo"))

        assert (points_of(ada), points_of(bob), status_of(ada)) == (70, 0, "active")
        assert olga.post(dashboards.page(done, "undo")).status_code == 403

    def test_is_not_for_analysts(self, ann, done):
        assert ann.post(dashboards.page(done, "undo")).status_code == 403


class TestErase:
    def test_wants_to_be_sure(self, olga, ada):
        olga.post(dashboards.page(ada, "erase"))

        assert Advocate.objects.get(pk=ada.pk).name == "Ada Lovelace"

    def test_is_not_for_analysts(self, ann, ada):
        assert ann.post(dashboards.page(ada, "erase"), {"sure": "on"}).status_code == 403

    def test_forgets_for_good(self, olga, ada):
        answer = olga.post(dashboards.page(ada, "erase"), {"sure": "on"}, follow=True)

        assert "Ada" not in dashboards.text_of(answer).replace("adapt", "")
        assert (status_of(ada), Advocate.objects.get(pk=ada.pk).email) == ("erased", None)
        assert olga.post(dashboards.page(ada), {"name": "Back"}).status_code == 403


class TestExport:
    def test_is_a_file_with_everything(self, olga, ada):
        answer = olga.get(dashboards.page(ada, "export"))

        assert answer["Content-Disposition"] == f'attachment; filename="advocate-{ada.pk}.json"'
        assert json.loads(answer.content)["held"]["profile"]["email"] == "ada@example.com"

    def test_is_not_for_analysts(self, ann, ada):
        assert ann.get(dashboards.page(ada, "export")).status_code == 403


class TestSegments:
    def test_are_chosen_on_the_persons_page(self, olga, acme, ada):
        for key in ("regulars", "vips"):
            Segment.objects.create(business=acme, key=key, title=key.title())
        segments.put(business=acme, account_id=ada.pk, keys=["vips"])
        profile = {"name": "Ada", "email": "ada@example.com", "external": "ada-1", "timezone": ""}

        assert "selected" in dashboards.text_of(olga.get(dashboards.page(ada))).split("Vips")[0][-60:]
        olga.post(dashboards.page(ada), {**profile, "segments": ["regulars"]})

        assert list(segments.SegmentMember.objects.values_list("segment__key", flat=True)) == ["regulars"]

    def test_of_another_business_are_none(self, olga, rival, ada):
        Segment.objects.create(business=rival, key="theirs", title="Theirs")
        profile = {"name": "Ada", "email": "ada@example.com", "external": "ada-1", "timezone": ""}

        answer = olga.post(dashboards.page(ada), {**profile, "segments": ["theirs"]})

        assert "segments" in answer.context["adminform"].form.errors


class TestMappings:
    def test_are_shown_with_their_person(self, olga, acme, ada):
        mapping = mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-7")

        for address in (dashboards.listed(type(mapping)), dashboards.page(mapping)):
            assert "Ada Lovelace" in dashboards.text_of(olga.get(address))
        assert "outlet-7" not in dashboards.text_of(olga.get(dashboards.listed(type(mapping), q="outlet")))


class TestExternalId:
    def test_that_looks_like_an_address_is_warned_of(self, olga, acme):
        warned = {}
        for name in ("ada-1", "ada@example.com"):
            person = advocates.create(business=acme, external_id=name)
            warned[name] = "This looks like an e-mail address" in dashboards.text_of(olga.get(dashboards.page(person)))

        assert warned == {"ada-1": False, "ada@example.com": True}
