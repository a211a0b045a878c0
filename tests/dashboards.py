"""A programme with a row of everything, for tests of the dashboard; and the people who look at it."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.db import models
from django.forms import SplitDateTimeField
from django.test import Client
from django.urls import reverse

from advocates.models import Advocate, SsoSecret
from advocates.services import (
    advocates,
    boards,
    ideas,
    imports,
    mappings,
    orders,
    products,
    refunds,
    responses,
    sso,
    surveys,
    testimonials,
)
from advocates.services.baskets import Basket, Buyer, Line
from advocates.services.responses import Told
from advocates.services.surveys import Asked
from loyalty.admin import links
from loyalty.kernel import clock
from loyalty.models import Business, Event, EventBody, EventType, Membership, Metric, MilestoneSet, User
from loyalty.selectors import quests as reads
from loyalty.services import (
    actions,
    batches,
    completions,
    earn_rules,
    hold_programmes,
    inventory,
    inventory_sets,
    keys,
    ledger,
    memberships,
    merges,
    programme,
    proofs,
    quests,
    simulations,
    tap_programmes,
    taps,
)
from loyalty.services.earn_terms import Earn, Terms
from loyalty.services.hold_rules import HoldRules, Pool
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.postings import Move
from loyalty.services.quest_rules import Rules, TaskRules
from loyalty.services.reports import Report
from loyalty.services.tap_programmes import TapRules
from referrals.services import clicks, codes, conversions, programmes, signals
from rewards.models import GiftTemplate, Redemption, Reward, ShippingMethod
from rewards.services import (
    gift_accounts,
    gift_funds,
    gift_lines,
    gift_orders,
    gift_policies,
    gift_products,
    gift_templates,
    gift_uploads,
    pools,
    redemptions,
    rewards,
)
from tests import cast
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import deliveries, endpoints

Role = Membership.Role
LANGUAGES = ("de", "fr", "it", "es", "pt", "nl", "sv", "da", "fi", "pl")
BACKEND = "django.contrib.auth.backends.ModelBackend"


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


# What the settings page of a business sends with whatever else is changed.
SETTINGS: dict[str, Any] = {
    "name": "Acme",
    "timezone": "UTC",
    "currency": "EUR",
    "qualifying_statuses": ["paid"],
    "refund_deficit": "to_zero",
    "refund_coupons": "keep",
}


def works_for(business: Business, role: Role = Role.OWNER) -> Client:
    """The browser of somebody with this role."""
    return browser_of(cast.sign_up(f"{role}@{business.slug}.example", business, role))


def operator() -> Client:
    """The browser of somebody who runs the installation."""
    return browser_of(User.objects.create_superuser("root@laurel.example", cast.PASSWORD))


def page(row: models.Model, name: str = "change") -> str:
    """The address of a page about a row."""
    options = row._meta
    return reverse(f"admin:{options.app_label}_{options.model_name}_{name}", args=[row.pk])


def listed(model: type[models.Model], **query: Any) -> str:
    return links.list_url(model, **query)


def shown(browser: Client, where: models.Model | str) -> dict[str, Any]:
    """What the form of a row's page, or of an address, says before anybody changes it, as a browser would send it."""
    context = browser.get(where if isinstance(where, str) else page(where)).context
    said: dict[str, Any] = {}
    for field in context["adminform"].form if "adminform" in context else context["form"]:
        value = field.value()
        if isinstance(field.field, SplitDateTimeField):
            parts = field.field.widget.decompress(value)
            said |= {f"{field.html_name}_{n}": part for n, part in enumerate(parts) if part is not None}
        elif value is not None and value is not False:
            said[field.html_name] = value.replace("\n", "\r\n") if isinstance(value, str) else value
    return said


def text_of(response: Any) -> str:
    return str(response.content.decode())


def fill(business: Business, word: str) -> Advocate:
    """Give a business one row of everything, with `word` in what people wrote."""
    person = advocates.create(
        business=business, email=f"{word}@example.com".lower(), name=f"{word} Lovelace", external_id=f"{word}-1"
    )
    reward = rewards.create(business=business, name=f"{word} coffee", type="custom", points_cost=100)
    endpoint, _ = endpoints.create(business=business, url=f"http://127.0.0.1/{word}", topics=["*"], description=word)
    pools.create(business=business, title=f"{word} codes")
    _earn_and_redeem(person, reward, word)
    _quest(person, word)
    _act(person, word)
    _collect(person, word)
    _speak(person, word)
    _refer(person, word)
    _buy(person, word)
    _connect(business, word)
    _double(person, word)
    _tell(endpoint, word)
    _promise(business, word)
    _tap(person, word)
    _send_gifts(business, word)
    _import(business, word)
    Metric.objects.create(business=business, key=f"{word}-stars".lower(), title=f"{word} stars")
    batches.move_points(business=business, moves=[Move(account_id=person.pk, amount=5)], author=word)
    _stamp(person, word)
    programme.apply(business=business, document=programme.parsed({}), author=word)
    _simulate(business, word)
    return person


def _stamp(person: Advocate, word: str) -> None:
    """A card that brought them something, and a membership."""
    benefit = {"kind": "metric", "metric": "points", "quantity": 1}
    reward = {"slot": 1, "title": f"{word} cup", "benefits": [benefit]}
    key = f"{word}-card".lower()
    card = {"key": key, "title": f"{word} card", "slots": 2, "rewards": [reward]}
    club = {"key": f"{word}-club".lower(), "title": f"{word} club", "perks": [f"{word} on us"]}
    document = programme.parsed({"stampCards": [card], "memberships": [club]})
    programme.apply(business=person.business, document=document, author=word)
    ledger.award(business=person.business, account_id=person.pk, amount=1, metric=key)
    memberships.join(business=person.business, account_id=person.pk, key=str(club["key"]))


def fill_more(business: Business, word: str) -> None:
    """One more row of everything that a list may hold many of."""
    fill(business, word)
    ladder = MilestoneSet.objects.for_business(business).first()
    assert ladder
    MilestoneSet.objects.create(business=business, key=word, title=word, metric=ladder.metric)


def _import(business: Business, word: str) -> None:
    """A file that is checked."""
    lines = ["name,externalId\n", f"{word},{word}-7\n"]
    found = imports.receive(business=business, kind="customers", lines=lines, title=word, author=word)
    while imports.advance(business=business, import_id=found.pk):
        pass


def _simulate(business: Business, word: str) -> None:
    """A try of a draft that somebody has stopped."""
    document = {"segments": [{"key": "tried", "title": word}]}
    started = simulations.start(business=business, document=document, author=word)
    simulations.cancel(business=business, simulation_id=started.pk)


def _earn_and_redeem(person: Advocate, reward: Reward, word: str) -> None:
    source = ledger.Source(word, f"{word}-1")
    given: dict[str, Any] = {"business": person.business, "account_id": person.pk, "description": f"{word} order"}
    ledger.award(amount=500, source=source, reason={"because": word}, **given)
    redemptions.redeem(business=person.business, reward_id=reward.pk, advocate_id=person.pk)


def _quest(person: Advocate, word: str) -> None:
    """A quest with one task that is done, and one with a proof that waits."""
    steps = [TaskRules(title=f"{word} hello", type="manual"), TaskRules(title=f"{word} photo", type="proof")]
    given: dict[str, Any] = {"business": person.business, "account_id": person.pk}
    quest = quests.create(business=person.business, title=f"{word} quest", rules=Rules(tasks=steps, required=1))
    hello, photo = reads.tasks_of(quest.current)
    completions.complete(quest_id=quest.pk, task_id=hello.pk, **given)
    proofs.submit(quest_id=quest.pk, task_id=photo.pk, text=f"{word} on a bike", **given)


def _act(person: Advocate, word: str) -> None:
    """An event that the programme knows, and one that somebody sent."""
    name = f"{word}-ride".lower()
    EventType.objects.create(business=person.business, name=name, title=f"{word} ride", carries={word: "string"})
    report = Report(account_id=person.pk, name=name, data={word: word}, origin="client")
    actions.take(report, business=person.business)


def _collect(person: Advocate, word: str) -> None:
    """A badge that they have."""
    given: dict[str, Any] = {"business": person.business}
    badges = inventory_sets.create_set(title=f"{word} badges", **given)
    badge = inventory_sets.create_item(set_id=badges.pk, title=f"{word} badge", media=word, stock=9, **given)
    occasion = Occasion(source=ledger.Source(word, f"{word}-1"), action=word, reason={"because": word})
    inventory.give(account_id=person.pk, item_id=badge.pk, occasion=occasion, **given)


def _speak(person: Advocate, word: str) -> None:
    """One testimonial that waits, one idea that is answered, one survey that they answered."""
    by: dict[str, Any] = {"business": person.business, "advocate_id": person.pk}
    said = testimonials.submit(**by, rating=5, title=word, body=f"{word} is lovely", consent=True)
    for status in (said.Status.REJECTED, said.Status.PENDING):
        testimonials.decide(
            business=person.business, testimonial_id=said.pk, status=status, reason=word, by=f"{word}@example.com"
        )
    board = boards.create(business=person.business, title=f"{word} wishes")
    idea = ideas.submit(**by, board_id=board.pk, title=f"More {word}", body=word)
    ideas.decide(business=person.business, idea_id=idea.pk, status="planned", response=word, by=f"{word}@example.com")
    asked = [Asked(kind="nps", text=f"{word}?"), Asked(kind="text", text=f"Why {word}?")]
    survey = surveys.create(business=person.business, title=f"{word} survey", questions=asked)
    responses.answer(**by, survey_id=survey.pk, answers=[Told("q1", 9), Told("q2", word)])


def _refer(person: Advocate, word: str) -> None:
    """A friend comes and orders."""
    business = person.business
    code = codes.create(business=business, advocate_id=person.pk, code=f"{word}-code")
    visitor = signals.of(business, visitor_id=word)
    clicks.track(business=business, code=code.code, seen=visitor, landing_url=f"https://shop.example/{word}")
    order = conversions.Order(id=f"{word}-1", minor=4200, currency="EUR")
    conversions.convert(business=business, code=code.code, order=order, seen=visitor)
    programmes.save(business=business, status="active")


def _buy(person: Advocate, word: str) -> None:
    """An order of two things, of which one was sent back; and one of them in a collection."""
    business, product = person.business, f"{word}-mug"
    told = products.Told(external_id=product, title=f"{word} mug", price_minor=1000, currency="EUR")
    products.put_all(business=business, told=[told])
    products.put_collection(business=business, external_id=word, title=f"{word} gear", product_ids=[product])
    lines = [Line(external_id=f"{word}-1", product_id=product, sku=word, quantity=2, price_minor=1000)]
    basket = Basket(
        external_id=f"{word}-1",
        number=f"#{word}",
        buyer=Buyer(external_id=person.external_id),
        currency="EUR",
        subtotal_minor=2000,
        total_minor=2000,
        status="paid",
        discount_codes=[word],
        lines=lines,
        placed_at=clock.wall(),
        fingerprint=b"",
    )
    orders.take_one(business=business, basket=basket)
    back = refunds.Told(external_id=word, pieces={f"{word}-1": 1})
    orders.change(business=business, order_id=basket.external_id, refunds=[back])


def _promise(business: Business, word: str) -> None:
    terms = Terms(trigger=f"{word}-ride".lower(), earn=Earn(points=5), budget=100)
    earn_rules.create(business=business, title=f"{word} ride", terms=terms)
    hold_programmes.create(business=business, title=f"{word} pool", rules=HoldRules(pool=Pool(per_day=100)))


def _tap(person: Advocate, word: str) -> None:
    programme = tap_programmes.create(
        business=person.business, title=f"{word} taps", rules=TapRules(), status="active"
    )
    taps.take(business=person.business, account_id=person.pk, programme=programme.key, count=5, batch_id=uuid4())


def _send_gifts(business: Business, word: str) -> None:
    """A gift card that is on its way, paid out of a deposit, and one that waits to be packed."""
    account, _ = gift_accounts.open_account(business=business, email=f"{word}@gifts.example".lower())
    asked = gift_funds.request(business=business, amount_minor=10_000, reference=word)
    gift_funds.apply(business=business, request_id=asked.pk)
    given: dict[str, Any] = {"business": business, "denominations_minor": [2_000]}
    gift_products.create(key=f"{word}-CARD", name=f"{word} card", **given)
    gift_products.create(key=f"{word}-POST", name=f"{word} letter", type="Physical", **given)
    gift_products.check_shipping(ShippingMethod(business=business, key=word, name=f"{word} post"))
    language = LANGUAGES[GiftTemplate.objects.for_business(business).count()]
    words = {"language": language, "subject": word, "text": f"{word} {{{{ link }}}}", "html": f"{word} {{{{ link }}}}"}
    gift_templates.put(GiftTemplate(business=business, **words))
    gift_policies.save(business=business, remind_after_days=7)
    home = {
        "ShippingMethodId": word,
        "Name": word,
        "AddressLine1": word,
        "City": "Ulm",
        "Zip": "89073",
        "Country": "DE",
    }
    ordered: dict[str, Any] = {"business": business, "account_id": account.pk}
    letter = gift_lines.Asked(f"{word}-POST", Decimal(20), address=home)
    gift_orders.place(type="PhysicalShipment", po_number=f"{word}-1", asked=[letter], **ordered)
    said: dict[str, Any] = {"email": f"{word}@example.com", "personalization": {"Message": word}}
    mail = gift_lines.Asked(f"{word}-CARD", Decimal(20), **said)
    gift_orders.place(type="DigitalDelivery", po_number=f"{word}-2", asked=[mail], note=word, **ordered)
    file = f"product,value,email\n{word}-CARD,20,{word}@example.com\n".splitlines(keepends=True)
    numbered: dict[str, Any] = {"po_number": f"{word}-3", "title": f"{word}.csv", "author": word}
    gift_uploads.receive(business=business, type="DigitalDelivery", lines=iter(file), **numbered)


def _connect(business: Business, word: str) -> None:
    keys.create_key(business=business, kind=keys.Kind.SECRET, name=f"{word} key")
    if not SsoSecret.objects.for_business(business).exists():  # two are the most
        sso.create_secret(business=business)
    cast.sign_up(f"{word}@{business.slug}.example".lower(), business, Role.MANAGER)


def _double(person: Advocate, word: str) -> None:
    """Somebody who is the same person under another id, and a third id of theirs."""
    business = person.business
    double = advocates.create(business=business, external_id=f"{word}-2")
    ledger.award(business=business, account_id=double.pk, amount=5)
    merges.merge(business=business, source_id=double.pk, target_id=person.pk)
    mappings.create(business=business, advocate_id=person.pk, external_customer_id=f"{word}-3")


def _tell(endpoint: Endpoint, word: str) -> None:
    event = Event.objects.for_business(endpoint.business).first()
    assert event
    said = {"business": endpoint.business, "body": b'{"name": "%b"}' % word.encode()}
    EventBody.objects.get_or_create(event=event, business=endpoint.business, defaults=said)
    delivery = deliveries.send_example(business=endpoint.business, endpoint_id=endpoint.pk)
    Delivery.objects.for_business(endpoint.business).update(example=b'{"name": "%b"}' % word.encode())
    Attempt.objects.create(
        business=endpoint.business,
        delivery=delivery,
        number=1,
        at=clock.wall(),
        duration_ms=1,
        error=word,
        answer=word + "x" * 4_000,
    )


def redemption_of(business: Business) -> Redemption:
    return Redemption.objects.for_business(business).get()
