"""Revenue, as a merchant's backend reports it."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from loyalty.api.parsing import Body
from loyalty.api.views import Call, IntegrationView, operation
from loyalty.kernel.errors import Code
from loyalty.kernel.money import money
from loyalty.services import revenue
from loyalty.services.earn_terms import Currency

RequestId = Annotated[str, Meta(min_length=1, max_length=128)]


class NewRevenue(Body):
    request_id: RequestId
    revenue: Decimal
    date: date
    currency: Currency | None = None  # the business's


class Revenue(IntegrationView):
    @operation(
        "Report revenue",
        body=NewRevenue,
        errors=(Code.CONFLICT,),
        example={"requestId": "2026-05-01", "revenue": "1249.90", "date": "2026-05-01", "currency": "EUR"},
        description=(
            "Feeds the Hold to Earn pools that live on revenue: what it brings flows out over the next 24 hours. A "
            "requestId counts once."
        ),
    )
    def post(self, call: Call[NewRevenue, None]) -> None:
        body, business = call.body, call.business
        currency = body.currency or business.currency
        revenue.report(
            business=business,
            request_id=body.request_id,
            minor=money(body.revenue, currency, field="revenue"),
            currency=currency,
            day=body.date,
        )
