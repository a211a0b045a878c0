"""Rewards for some people: whoever is in one of the segments."""

import pytest

from loyalty.models import Segment
from loyalty.services import segments
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_segments(acme):
    for key in ("beta", "vip"):
        Segment.objects.create(business=acme, key=key, title=key.title())


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 500)
    return ada


def redeem(api, reward, person):
    return api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": str(person.pk)})


def test_must_be_known(api, rival):
    Segment.objects.create(business=rival, key="theirs", title="Theirs")
    body = {"name": "Pin", "type": "custom", "pointsCost": 5, "segmentKeys": ["beta", "theirs"]}

    assert_refused(api.post("/rewards", body), "NOT_FOUND", "segmentKeys.1", status=404)


def test_keep_others_out(api, offer, rich_ada):
    reward = offer(segment_keys=["beta", "vip"])

    assert_refused(redeem(api, reward, rich_ada), "NOT_ELIGIBLE", None)
    listed = api.get("/rewards", advocateId=str(rich_ada.pk)).json()["rewards"][0]
    assert (listed["eligible"], listed["reason"], listed["segmentKeys"]) == (False, "NOT_ELIGIBLE", ["beta", "vip"])


def test_let_their_members_in(api, acme, offer, rich_ada):
    reward = offer(segment_keys=["beta", "vip"])
    segments.put(business=acme, account_id=rich_ada.pk, keys=["vip"])

    assert redeem(api, reward, rich_ada).status_code == 200


def test_that_are_archived_admit_nobody(api, acme, offer, rich_ada):
    reward = offer(segment_keys=["vip"])
    segments.put(business=acme, account_id=rich_ada.pk, keys=["vip"])
    Segment.objects.filter(key="vip").update(archived_at=rich_ada.created_at)

    assert_refused(redeem(api, reward, rich_ada), "NOT_ELIGIBLE", None)


def test_and_tiers_must_both_fit(api, acme, offer, rich_ada):
    reward = offer(segment_keys=["vip"], tier_keys=["gold"])
    segments.put(business=acme, account_id=rich_ada.pk, keys=["vip"])

    assert_refused(redeem(api, reward, rich_ada), "NOT_ELIGIBLE", None)
