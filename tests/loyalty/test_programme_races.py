"""Two documents at once: one after the other, and never over what the other has not seen."""

import contextlib

import pytest
from django.db import models

from loyalty.models import ProgrammeVersion
from tests.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def send(api, **headers):
    def put(number):
        part = {"segments": [{"key": f"segment-{number}", "title": "One"}]}
        return api.put("/programme", part, **headers).status_code

    return put


class TestTwoAtOnce:
    def test_one_wins_and_the_other_is_stale(self, api):
        etag = api.get("/programme")["ETag"]

        assert sorted(at_once(2, send(api, If_Match=etag))) == [200, 412]

    def test_without_if_match_they_wait_for_each_other(self, api, acme):
        assert at_once(6, send(api)) == [200] * 6

        numbers = ProgrammeVersion.objects.for_business(acme).order_by("number").values_list("number", flat=True)
        assert list(numbers) == [1, 2, 3, 4, 5, 6, 7]

    def test_without_the_lock_they_would_not(self, api, monkeypatch):
        """The control."""
        monkeypatch.setattr(models.QuerySet, "select_for_update", lambda rows, **_: rows)

        with contextlib.suppress(AssertionError):
            assert at_once(6, send(api)) != [200] * 6
            return
        pytest.fail("without the lock nothing went wrong")
