"""The Platform API: a shop's customers, by the shop's own ids."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from advocates.api.customer_shapes import (
    CustomerAnswer,
    CustomerBody,
    CustomerMoved,
    CustomerPage,
    CustomerShape,
    GivenPoints,
    ListCustomers,
    NamedCustomer,
    TakenPoints,
)
from advocates.api.shapes import TransactionShape
from advocates.api.v1 import PRESENT, given
from advocates.models import Advocate
from advocates.selectors import identity, profiles
from advocates.services import advocates, customers, settled
from loyalty.api.paging import page_by_cursor
from loyalty.api.views import Call, KeyView, Reply, operation
from loyalty.kernel.errors import Code, Invalid, NotFound
from loyalty.models import Business
from loyalty.models.accounts import external_id_is_sane
from loyalty.selectors import ledger as books
from loyalty.services import earn_rules, ledger

PUT: dict[str, Any] = {
    "answer": CustomerAnswer,
    "other_status": 201,
    "errors": (Code.CONFLICT,),
    "description": "What is left out stays as it is; null empties a text and the tags. Who is new joins (201), and "
    "the sign-up rules pay, but not for whom the shop knew, by createdAt, before there was a programme; signupPoints "
    "says otherwise. A person with this email and without an externalId is taken to be the customer.",
}
EXAMPLE = {"email": "ada@example.com", "firstName": "Ada", "lastName": "Lovelace", "tags": ["vip"]}


class Customers(KeyView):
    @operation(
        "List customers, newest first",
        query=ListCustomers,
        answer=CustomerPage,
        description="updatedAfter finds what has changed since you looked last.",
    )
    def get(self, call: Call[None, ListCustomers]) -> CustomerPage:
        page = page_by_cursor(_matching(call.business, call.query), call.query, business=call.business)
        found = profiles.profiles(business=call.business, advocates=page.items)
        return CustomerPage(customers=[CustomerShape.of(one) for one in found], next_cursor=page.next_cursor)

    @operation(
        "Create or change a customer, named in the body",
        body=NamedCustomer,
        example={"externalId": "4711", **EXAMPLE},
        **PUT,
    )
    def put(self, call: Call[NamedCustomer, None]) -> Reply:
        return _put(call.business, call.body.external_id, call.body)


class OneCustomer(KeyView):
    @operation("Read a customer", answer=CustomerAnswer)
    def get(self, call: Call[None, None], external_id: str) -> CustomerAnswer:
        return _answer(call.business, known(call.business, external_id))

    @operation("Create or change a customer", body=CustomerBody, example=EXAMPLE, **PUT)
    def put(self, call: Call[CustomerBody, None], external_id: str) -> Reply:
        external_id_is_sane_or_refused(external_id)
        return _put(call.business, external_id, call.body)


class Points(KeyView):
    @operation(
        "Give a customer points",
        body=GivenPoints,
        answer=CustomerMoved,
        errors=(Code.NOT_FOUND, Code.LIMIT_REACHED, Code.CONFLICT),
        example={"points": 100, "summary": "Sorry for the delay"},
        description="earnRuleId names the rule that the entry is put down to; updateLastSeen also counts as a visit.",
        idempotency="inside",
    )
    def post(self, call: Call[GivenPoints, None], external_id: str) -> Reply:
        customer = known(call.business, external_id)
        rule_id = call.body.earn_rule_id
        rule = earn_rules.in_force(business=call.business, rule_id=rule_id) if rule_id else None
        posting = ledger.award(
            business=call.business,
            account_id=customer.pk,
            amount=call.body.points,
            rule=rule,
            description=call.body.summary,
            key=call.key,
        )
        if call.body.update_last_seen:
            advocates.touch(business=call.business, advocate_id=customer.pk)
        return _moved(posting)


class Deduct(KeyView):
    @operation(
        "Take points from a customer",
        body=TakenPoints,
        answer=CustomerMoved,
        errors=(Code.NOT_FOUND, Code.INSUFFICIENT_POINTS, Code.CONFLICT),
        example={"points": 20, "summary": "Correction"},
        idempotency="inside",
    )
    def post(self, call: Call[TakenPoints, None], external_id: str) -> Reply:
        posting = ledger.spend(
            business=call.business,
            account_id=known(call.business, external_id).pk,
            amount=call.body.points,
            type=ledger.Type.ADJUST,
            topic="points/adjusted",
            description=call.body.summary,
            key=call.key,
        )
        return _moved(posting)


def external_id_is_sane_or_refused(external_id: str) -> None:
    """:raises Invalid: if nobody could have this id"""
    try:
        external_id_is_sane(external_id)
    except ValidationError as error:
        raise Invalid(f"externalId: {error.messages[0]}", field="externalId") from error


def _put(business: Business, external_id: str, body: CustomerBody) -> Reply:
    put = customers.put(business=business, told=body.told(external_id))
    return Reply(_answer(business, put.advocate), status=201 if put.is_new else 200)


def known(business: Business, external_id: str) -> Advocate:
    """:raises NotFound: if the business has no such customer"""
    customer = identity.by_external_id(business=business, external_id=external_id)
    if customer is None:
        raise NotFound("customer")
    return customer


def _answer(business: Business, customer: Advocate) -> CustomerAnswer:
    profile = settled.profile(business=business, advocate_id=customer.pk)
    return CustomerAnswer(customer=CustomerShape.of(profile))


def _moved(posting: ledger.Posting) -> Reply:
    shape = CustomerMoved(transaction=TransactionShape.of(posting), new_balance=posting.balance_after)
    return Reply(shape, is_replay=posting.is_replay)


def _matching(business: Business, query: ListCustomers) -> QuerySet[Advocate]:
    rows: Any = Advocate.objects.for_business(business).with_account()
    if query.email is not None:
        person = identity.by_email(business=business, email=query.email)
        rows = rows.filter(pk=person.pk) if person else rows.none()
    if query.min_point_balance is not None or query.max_point_balance is not None:
        rows = books.with_points(rows, business=business)
    filters = {
        "account__status__in": PRESENT,
        "created_at__gt": query.created_after,
        "updated_at__gt": query.updated_after,
        "last_seen_at__gt": query.last_seen_after,
        "points__gte": query.min_point_balance,
        "points__lte": query.max_point_balance,
    }
    found: QuerySet[Advocate] = rows.filter(**given(filters))
    return found
