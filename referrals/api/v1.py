"""Codes, visits and orders of friends, for a merchant's backend."""

from django.db.models import QuerySet

from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import page_numbered
from loyalty.api.views import Call, KeyView, operation
from loyalty.kernel.errors import Code, Invalid
from loyalty.kernel.money import money
from referrals.api import shapes
from referrals.models import ReferralCode
from referrals.selectors import counters
from referrals.services import clicks, codes, conversions
from referrals.services.conversions import Order
from referrals.services.friends import Named


class Referrals(KeyView):
    @operation(
        "List referral codes, newest first",
        query=shapes.ListReferrals,
        answer=shapes.ReferralPage,
        description="conversions counts the confirmed ones; revenue is what those in currency were worth.",
    )
    def get(self, call: Call[None, shapes.ListReferrals]) -> shapes.ReferralPage:
        rows: QuerySet[ReferralCode] = ReferralCode.objects.for_business(call.business)
        if call.query.advocate_id is not None:
            rows = rows.filter(advocate_id=call.query.advocate_id)
        page = page_numbered(rows, call.query, business=call.business)
        tallies = counters.tallies(call.business, [row.pk for row in page.items])
        currency = call.business.currency
        return shapes.referral_page(
            page, [shapes.referral(row, tallies[row.pk], currency=currency) for row in page.items]
        )

    @operation(
        "Give an advocate a referral code",
        body=shapes.NewReferral,
        answer=shapes.OneReferral,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example={"advocateId": ADVOCATE_ID, "code": "ADA-1815"},
        description="Without code one is made up. clientIp and userAgent are the advocate's, to know them again.",
    )
    def post(self, call: Call[shapes.NewReferral, None]) -> shapes.OneReferral:
        body = call.body
        seen = body.signals(call.business)
        row = codes.create(business=call.business, advocate_id=body.advocate_id, code=body.code, seen=seen)
        return shapes.OneReferral(referral=shapes.referral(row, counters.NOTHING, currency=call.business.currency))


class Stats(KeyView):
    @operation(
        "Read what a code has brought",
        query=shapes.Period,
        answer=shapes.StatsShape,
        description="From `from` on and before `to`; clicks count by whole days. pending are held.",
    )
    def get(self, call: Call[None, shapes.Period], code: str) -> shapes.StatsShape:
        since, until = call.query.from_, call.query.to
        if since and until and until <= since:
            raise Invalid("to must be later than from.", field="to")
        row = codes.find(business=call.business, code=code)
        found = counters.stats(row, business=call.business, since=since, until=until)
        return shapes.stats(found, currency=call.business.currency)


class Track(KeyView):
    @operation(
        "Count a visit through a code",
        body=shapes.NewVisit,
        answer=shapes.Tracked,
        errors=(Code.NOT_FOUND,),
        example={"code": "ADA-1815", "visitorId": "v-7f3a", "landingUrl": "https://shop.example/?ref=ADA-1815"},
        description="The same visitor counts once a day as unique.",
    )
    def post(self, call: Call[shapes.NewVisit, None]) -> shapes.Tracked:
        body = call.body
        clicks.track(
            business=call.business,
            code=body.code,
            seen=body.signals(call.business, visitor_id=body.visitor_id),
            landing_url=body.landing_url or "",
        )
        return shapes.Tracked(tracked=True)


class Convert(KeyView):
    @operation(
        "Report an order of a friend",
        body=shapes.NewConversion,
        answer=shapes.Converted,
        errors=(Code.NOT_FOUND,),
        example={
            "code": "ADA-1815",
            "orderId": "1001",
            "orderValue": "42.00",
            "currency": "EUR",
            "friendEmail": "charles@example.com",
        },
        description="Once per orderId for ever: a repeat answers the first conversion, with no points.",
    )
    def post(self, call: Call[shapes.NewConversion, None]) -> shapes.Converted:
        body = call.body
        currency = body.currency or call.business.currency
        outcome = conversions.convert(
            business=call.business,
            code=body.code,
            order=Order(
                id=body.order_id, minor=money(body.order_value, currency, field="orderValue"), currency=currency
            ),
            named=Named(
                email=types.email(body.friend_email, field="friendEmail") if body.friend_email else "",
                external_id=body.friend_external_id or "",
            ),
            seen=body.signals(call.business, visitor_id=body.visitor_id),
        )
        return shapes.Converted(
            conversion=shapes.conversion(outcome.conversion),
            points_awarded=outcome.points,
            already_converted=outcome.is_repeat,
        )
