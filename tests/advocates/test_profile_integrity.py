"""What the database refuses, whoever asks."""

import pytest
from django.db import IntegrityError, transaction

from advocates.models import Advocate, SsoSignature
from loyalty.services import accounts, verification

pytestmark = pytest.mark.django_db


def assert_database_refuses(constraint, **columns):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Advocate.objects.create(**columns)


def test_a_profile_under_another_business(acme, rival):
    account = accounts.open_account(business=acme)

    assert_database_refuses("advocate_of_its_business", business=rival, account=account, id=account.pk)


def test_a_profile_with_another_id_than_its_account(acme):
    account = accounts.open_account(business=acme)

    assert_database_refuses("advocate_is_its_account", business=acme, account=account)


def test_a_second_profile_of_an_account(acme, ada):
    assert_database_refuses("advocates_advocate_pkey", business=acme, account=ada.account, id=ada.pk)


def test_an_email_twice_in_any_case(acme, ada):
    account = accounts.open_account(business=acme)

    assert_database_refuses(
        "one_advocate_per_email", business=acme, account=account, id=account.pk, email="Ada@Example.com"
    )


def test_a_signature_twice(acme, rival):
    SsoSignature.objects.create(business=acme, digest=b"1" * 32)
    SsoSignature.objects.create(business=rival, digest=b"1" * 32)

    with pytest.raises(IntegrityError, match="a_signature_is_used_once"), transaction.atomic():
        SsoSignature.objects.create(business=acme, digest=b"1" * 32)


def test_two_external_ids_of_one_person_are_a_finding(acme, ada):
    accounts.set_external_id(business=acme, account_id=ada.pk, external_id="elsewhere")
    findings = verification.verify(acme)
    accounts.set_external_id(business=acme, account_id=ada.pk, external_id="ada-1")

    assert [finding.offender for finding in findings] == [str(ada.pk)]
    assert verification.verify(acme) == []
