"""People: who they are, what they have, and what an operator may do for them."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from advocates.admin import person_panels
from advocates.admin.collecting import ItemsForm
from advocates.admin.doing import TaskDoneForm
from advocates.admin.profile import ErasureForm, MembershipForm, MergeForm, PointsForm, ProfileForm, TierForm
from advocates.models import Advocate
from advocates.services import loyalty_cards
from loyalty.admin import buttons, climbs, links, look, people
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.filters import When
from loyalty.admin.inventory import holdings
from loyalty.admin.ledger import entries, withheld
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import periods
from loyalty.models import Account, Business
from loyalty.selectors import ledger as books
from loyalty.selectors import quests
from loyalty.selectors.segments import keys_of
from loyalty.services import accounts, completions, erasure, inventory, ledger, memberships, merges, wallets
from loyalty.services.kinds.benefits.base import Occasion

Status = Account.Status
WHILE_BLOCKED = ("change_tier", "new_card", "sign_out", "erase")
COLOURS = {Status.ACTIVE: "success", Status.BLOCKED: "danger"}


@admin.register(Advocate)
class AdvocateAdmin(ServiceAdmin):
    form = ProfileForm
    list_display = (
        look.column("Name", lambda row: row.name or "No name", order="name"),
        look.column("E-mail", lambda row: row.email or look.NOTHING),
        look.column("Points", lambda row: look.points(row.wallet.amount)),
        look.column("Tier", lambda row: tier(row)),
        look.column("State", lambda row: state(row)),
        look.moment_of("last_seen_at", "Last seen"),
        look.moment_of("created_at", "Joined"),
    )
    view_fields = (
        *("name", "email", "external_id", "phone", "birthday", "locale"),
        look.column("Time zone", lambda row: row.account.timezone or "As the business"),
        look.column("Segments", lambda row: ", ".join(segments_of(row)) or look.NOTHING),
    )
    when_empty = "They join by API, by single sign-on, or by hand."
    list_select_related = ("account__tier",)
    list_filter = ("account__tier", "account__status", ("created_at", When))
    search_fields = ("name",)
    search_help_text = "A part of the name, the e-mail address or the external id"
    ordering = ("-created_at",)
    fields = ("name", "email", "external", "phone", "birthday", "locale", "timezone", "segments")
    actions_detail = (
        "move_points",
        buttons.more(
            "move_items",
            "complete_task",
            "change_tier",
            "change_membership",
            "new_card",
            "sign_out",
            "block",
            "unblock",
            "merge",
            "export",
            "erase",
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "account__tier")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        people_here: Any = queryset
        return (people_here.search(term) if term else queryset), False

    def get_sortable_by(self, request: HttpRequest) -> Any:
        return (self.list_display[0], self.list_display[-1])  # what an index sorts

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        if rows:
            held = books.wallets(business=rows[0].business, account_ids=[row.pk for row in rows])
            for row in rows:
                row.wallet = held[row.pk]

    def summary(self, request: HttpRequest, advocate: Advocate) -> Sequence[Figure]:
        wallet = wallets.of_one(business=advocate.business, account_id=advocate.pk)
        return (
            Figure(
                "Points",
                look.points(wallet.amount),
                f"{look.points(wallet.pending)} more to ripen" if wallet.pending else "",
            ),
            Figure("Earned in a lifetime", look.points(wallet.lifetime_earned)),
            Figure("Tier", tier(advocate), "Chosen by hand" if advocate.account.tier_is_manual else ""),
            Figure("State", state(advocate)),
            Figure("Last seen", look.moment(advocate.last_seen_at)),
        )

    def panels(self, request: HttpRequest, advocate: Advocate) -> Sequence[Panel]:
        told = (*person_panels.expiring(advocate), *withheld(request, advocate.pk))
        climbed = [show(advocate.business, advocate.pk) for show in (climbs.standing, climbs.moves)]
        panels = (entries(request, advocate.pk), holdings(request, advocate.pk))
        theirs = (person_panels.memberships(advocate), person_panels.card(advocate))
        return (person_panels.balances(advocate), *told, *climbed, *panels, *theirs)

    def offers(self, request: HttpRequest, button: str, advocate: Advocate) -> bool:
        status = advocate.account.status
        if button in ("unblock", "export"):
            return button == "export" or status == Status.BLOCKED
        return status == Status.ACTIVE or (status == Status.BLOCKED and button in WHILE_BLOCKED)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who was merged or erased stays as they are."""
        stays = isinstance(obj, Advocate) and obj.account.status in (Status.MERGED, Status.ERASED)
        return not stays and super().has_change_permission(request, obj)

    # --- Buttons ----------------------------------------------------------------------------------------

    @buttons.button("Award or deduct", icon="toll")
    def move_points(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            posting = _move(advocate, answer)
            return f"{posting.amount:+,} {posting.metric}. The balance is {posting.balance_after:,}."

        form = partial(PointsForm, business=advocate.business)
        title = f"Award or deduct: {advocate}"
        return buttons.ask(self, request, advocate, title=title, submit="Post it", form=form, act=act)

    @buttons.button("Give or take an item", icon="military_tech")
    def move_items(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            return _moved(advocate, answer)

        form = partial(ItemsForm, business=advocate.business)
        title = f"Give or take an item: {advocate}"
        return buttons.ask(self, request, advocate, title=title, submit="Do it", form=form, act=act)

    @buttons.button("Mark a task done", icon="task_alt")
    def complete_task(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            return _completed(advocate, answer["task"])

        form = partial(TaskDoneForm, business=advocate.business)
        title = f"Mark a task done: {advocate}"
        return buttons.ask(self, request, advocate, title=title, submit="It is done", form=form, act=act)

    @buttons.button("Change tier", icon="stairs")
    def change_tier(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            key = answer["tier"] or None
            accounts.set_tier(business=advocate.business, account_id=advocate.pk, tier_key=key)
            return f"The tier is {key} now, by hand." if key else "The tier follows what is earned again."

        form = partial(TierForm, business=advocate.business)
        title = f"Change the tier: {advocate}"
        return buttons.ask(self, request, advocate, title=title, submit="Change it", form=form, act=act)

    @buttons.button("Give or take a membership", icon="card_membership")
    def change_membership(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            return _change_membership(advocate, answer)

        form = partial(MembershipForm, business=advocate.business)
        title = f"Give or take a membership: {advocate}"
        return buttons.ask(self, request, advocate, title=title, submit="Do it", form=form, act=act)

    @buttons.button("New loyalty card", icon="qr_code_2")
    def new_card(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            loyalty_cards.reissue(business=advocate.business, advocate_id=advocate.pk)
            return "There is a new loyalty card. The number stands on this page, and in the widget."

        text = "For a card that was lost or copied. The old number stops working at once."
        title = f"New loyalty card: {advocate}?"
        return buttons.ask(self, request, advocate, title=title, text=text, submit="Issue it", act=act)

    @buttons.button("Sign out everywhere", icon="logout")
    def sign_out(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            accounts.revoke_tokens(business=advocate.business, account_id=advocate.pk)
            return "Signed out: within 5 seconds every token issued before is refused."

        text = "Every token that apps and widgets hold for this person stops working. They can sign in anew."
        title = f"Sign out everywhere: {advocate}?"
        return buttons.ask(self, request, advocate, title=title, text=text, submit="Sign out", act=act)

    @buttons.button("Block", icon="block", danger=True)
    def block(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            accounts.set_blocked(business=advocate.business, account_id=advocate.pk, blocked=True)
            return "Blocked. Nothing is lost: unblocking brings everything back."

        text = "Their points stop moving, and they cannot redeem or sign in, until you unblock them."
        title = f"Block {advocate}?"
        return buttons.ask(self, request, advocate, title=title, text=text, submit="Block", danger=True, act=act)

    @buttons.button("Unblock", icon="lock_open")
    def unblock(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            accounts.set_blocked(business=advocate.business, account_id=advocate.pk, blocked=False)
            return "Unblocked."

        return buttons.ask(self, request, advocate, title=f"Unblock {advocate}?", submit="Unblock", act=act)

    @buttons.button("Merge", icon="merge")
    def merge(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            merges.merge(business=advocate.business, source_id=advocate.pk, target_id=answer["into"].pk)
            return "Merged. Under Merges it can be undone."

        wallet = books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk]
        text = (
            f"{look.points(wallet.amount)} points, {look.points(wallet.pending)} more to ripen, and all that is "
            "theirs go over to the advocate whom you name, with their own expiry. Their e-mail address and external "
            "id lead there from then on. It can be undone."
        )
        form = partial(MergeForm, business=advocate.business)
        title = f"Merge {advocate} into another advocate"
        return buttons.ask(self, request, advocate, title=title, text=text, submit="Merge", form=form, act=act)

    @buttons.button("Export", icon="download")
    def export(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        document = erasure.export(business=advocate.business, account_id=advocate.pk)
        body = msgspec.json.format(msgspec.json.encode(document))
        name = f'attachment; filename="advocate-{advocate.pk}.json"'
        return HttpResponse(body, content_type="application/json", headers={"Content-Disposition": name})

    @buttons.button("Erase", icon="person_off", danger=True)
    def erase(self, request: HttpRequest, advocate: Advocate) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            erasure.erase(business=advocate.business, account_id=advocate.pk)
            return "Erased. Only ids and numbers are left."

        text = (
            "Who they are is forgotten for good: name, addresses, ids, what was written about them, and what webhooks "
            "carried. The ledger keeps its numbers under an id alone. Export first what you must keep."
        )
        title = f"Erase {advocate}?"
        return buttons.ask(
            self,
            request,
            advocate,
            title=title,
            text=text,
            submit="Erase for good",
            danger=True,
            form=ErasureForm,
            act=act,
        )


def segments_of(advocate: Advocate) -> Sequence[str]:
    return keys_of(business=advocate.business, account_ids=[advocate.pk]).get(advocate.pk, ())


def tier(advocate: Advocate) -> object:
    return look.state(advocate.account.tier.title, "primary") if advocate.account.tier else look.NOTHING


def state(advocate: Advocate) -> object:
    account = advocate.account
    return look.state(account.get_status_display(), COLOURS.get(Status(account.status), ""))


def named(business: Business, account_ids: Collection[UUID]) -> dict[UUID, people.Person]:
    """The names of people, for lists of other things."""
    rows = Advocate.objects.for_business(business).filter(pk__in=account_ids)
    shown = rows.only("name", "email", "external_id")
    return {
        row.pk: people.Person(row.name or row.email or row.external_id or "No name", links.url_of(row))
        for row in shown
    }


def _move(advocate: Advocate, answer: Mapping[str, Any]) -> ledger.Posting:
    source = ledger.Source(ledger.OPERATOR.type, str(answer["once"]))
    given: dict[str, Any] = {
        "business": advocate.business,
        "account_id": advocate.pk,
        "amount": answer["amount"],
        "metric": answer["metric"],
        "description": answer["description"],
        "source": source,
    }
    if answer["direction"] == "award":
        return ledger.award(**given)
    return ledger.spend(**given, type=ledger.Type.ADJUST, topic="points/adjusted")


def _completed(advocate: Advocate, task_id: UUID) -> str:
    task = quests.task_named(business=advocate.business, task_id=task_id)
    outcome = completions.complete(
        business=advocate.business, quest_id=task.version.quest_id, task_id=task.pk, account_id=advocate.pk
    )
    if outcome.is_repeat:
        return f"{task} was done before."
    return f"{task} is done: {outcome.points:,} points were given."


def _moved(advocate: Advocate, answer: Mapping[str, Any]) -> str:
    source = ledger.Source(ledger.OPERATOR.type, str(answer["once"]))
    verb = inventory.give if answer["direction"] == "give" else inventory.take
    change = verb(
        business=advocate.business,
        account_id=advocate.pk,
        item_id=answer["item"],
        occasion=Occasion(source=source, action=source.type),
        quantity=answer["quantity"],
    )
    return f"{change.quantity:+,} {change.item.title}."


def _change_membership(advocate: Advocate, answer: Mapping[str, Any]) -> str:
    theirs: dict[str, Any] = {
        "business": advocate.business,
        "account_id": advocate.pk,
        "key": answer["membership"],
    }
    if answer["direction"] == "take":
        return "Taken away." if memberships.leave(**theirs) else "They did not have it."
    last = answer["ends_on"]
    ends_at = periods.end_of(last, zone=advocate.business.timezone) if last else None
    member = memberships.join(**theirs, ends_at=ends_at)
    return f"They have it until {member.ends_at:%d %b %Y, %H:%M} UTC." if member.ends_at else "They have it for good."


people.register(named)
