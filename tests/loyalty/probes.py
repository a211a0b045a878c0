"""A small surface for the tests of the plumbing: `pytest.mark.urls("tests.loyalty.probes")`."""

from typing import Annotated, Any

import msgspec
from django.urls import path

from loyalty.api import v1
from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, KeyView, OpenView, Shape, operation
from loyalty.kernel.errors import Invalid
from loyalty.models import Plan


class Order(Body):
    title: str
    amount: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    notes: dict[str, Any] = {}
    lines: list["Line"] = []


class Line(Body):
    sku: str


class Done(Shape):
    count: int


class Orders(KeyView):
    """Each good POST adds one plan: an effect that is easy to count."""

    @operation("Place an order", body=Order, answer=Done, status=201)
    def post(self, call: Call[Order, None]) -> Done:
        if call.body.title == "crash":
            raise ZeroDivisionError("a secret that must not be told: sk_live_hidden")
        if call.body.title == "refuse":
            raise Refused("Not today.")
        Plan.objects.create(key=f"plan-{Plan.objects.count()}", name="x", calls_per_minute=1, calls_per_day=1)
        return Done(count=Plan.objects.count())

    @operation("List orders", answer=Done)
    def get(self, call: Call[None, None]) -> Done:
        return Done(count=Plan.objects.count())


class Refused(Invalid):
    from loyalty.kernel.errors import Code

    code = Code.NOT_ELIGIBLE


class Backend(IntegrationView):
    @operation("Look", answer=Done)
    def get(self, call: Call[None, None]) -> Done:
        return Done(count=1)


class Guessable(OpenView):
    @operation("Look up a code", answer=Done)
    def get(self, call: Call[None, None]) -> Done:
        return Done(count=1)


urlpatterns = [
    path("api/v1/orders", Orders.as_view()),
    path("api/v1/me", v1.Me.as_view()),
    path("api/v1/test-clock", v1.TestClock.as_view()),
    path("api/v1/guess", Guessable.as_view()),
    path("api/v1/integration/look", Backend.as_view()),
]
