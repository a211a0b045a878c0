"""POST /advocates/:id/revoke-tokens. That tokens stop working, the tests of tokens show."""

from uuid import uuid4

import pytest

from loyalty.kernel import clock
from loyalty.models import Account
from tests.refusals import assert_same_refusal

pytestmark = pytest.mark.django_db


def test_refuses_without_a_key(anonymous_api, ada):
    assert anonymous_api.post(f"/advocates/{ada.pk}/revoke-tokens").status_code == 401


def test_refuses_a_key_that_may_only_read(readonly_api, ada):
    assert readonly_api.post(f"/advocates/{ada.pk}/revoke-tokens").status_code == 403


def test_refuses_somebody_of_another_business(api, eve):
    assert_same_refusal(
        api.post(f"/advocates/{eve.pk}/revoke-tokens"),
        api.post(f"/advocates/{uuid4()}/revoke-tokens"),
        "NOT_FOUND",
        status=404,
    )
    assert Account.objects.get(pk=eve.pk).tokens_valid_from is None


def test_tokens_are_valid_from_now_on(api, ada, bob):
    before = clock.wall()

    response = api.post(f"/advocates/{ada.pk}/revoke-tokens")

    assert (response.status_code, response.content) == (204, b"")
    assert before <= Account.objects.get(pk=ada.pk).tokens_valid_from <= clock.wall()
    assert Account.objects.get(pk=bob.pk).tokens_valid_from is None
