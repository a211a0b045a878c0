"""Groups of people: named by the programme, put together by the merchant."""

import pytest

from loyalty.kernel.errors import NotFound
from loyalty.models import Segment
from loyalty.selectors import segments as groups
from loyalty.services import accounts, segments


@pytest.fixture
def account(acme):
    return accounts.open_account(business=acme)


@pytest.fixture(autouse=True)
def _two_segments(acme):
    for key in ("beta", "vip"):
        Segment.objects.create(business=acme, key=key, title=key.title())


def keys_of(account):
    return list(groups.keys_of(business=account.business, account_ids=[account.pk])[account.pk])


def test_one_that_is_unknown_changes_nothing(acme, account):
    segments.put(business=acme, account_id=account.pk, keys=["vip"])

    with pytest.raises(NotFound):
        segments.put(business=acme, account_id=account.pk, keys=["beta", "gold"])

    assert keys_of(account) == ["vip"]


def test_one_of_another_business_is_unknown(rival):
    stranger = accounts.open_account(business=rival)

    with pytest.raises(NotFound):
        segments.put(business=rival, account_id=stranger.pk, keys=["vip"])


def test_a_person_of_another_business_is_unknown(rival, account):
    with pytest.raises(NotFound):
        segments.put(business=rival, account_id=account.pk, keys=[])


def test_are_put_as_a_whole(acme, account):
    segments.put(business=acme, account_id=account.pk, keys=["vip", "beta"])
    assert keys_of(account) == ["beta", "vip"]

    segments.put(business=acme, account_id=account.pk, keys=["beta"])
    assert keys_of(account) == ["beta"]
