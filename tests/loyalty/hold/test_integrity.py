"""The database itself refuses an accrual that crosses businesses, or hangs on nothing."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from loyalty.models import HoldAccrual

pytestmark = pytest.mark.django_db


@pytest.fixture
def parts(acme, rival, eve, holder, start):
    """What an accrual of Acme may not be made of."""
    own = {"business": acme, "account": holder(100), "programme": start()}
    return own, {"account": [eve.pk, uuid4()], "programme": [start(business=rival).pk, uuid4()]}


def test_refuses_what_is_not_of_its_business(parts):
    own, others = parts
    row = HoldAccrual.objects.create(**own)
    for name, ids in others.items():
        for pk in ids:
            wrong = {key: value for key, value in own.items() if key != name} | {f"{name}_id": pk}
            with pytest.raises(IntegrityError, match="accrual_of_its_business"), transaction.atomic():
                HoldAccrual.objects.create(**wrong)
            with pytest.raises(IntegrityError, match="accrual_of_its_business"), transaction.atomic():
                HoldAccrual.objects.for_business(own["business"]).filter(pk=row.pk).update(**{f"{name}_id": pk})
