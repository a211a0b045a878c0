"""What was redeemed: to look at, to approve, and to take the next step with."""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from advocates.models import Advocate
from loyalty.admin import buttons, links, look, panels
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.filters import OfPerson, When
from loyalty.admin.panels import Panel
from loyalty.kernel.errors import DomainError
from rewards.models import Redemption
from rewards.selectors import redemptions as history
from rewards.services import coupons, kinds, redemptions, steps

Status = Redemption.Status
COLOURS = {
    Status.ISSUED: "success",
    Status.PENDING_APPROVAL: "warning",
    Status.PENDING_ACKNOWLEDGEMENT: "warning",
    Status.CANCELLED: "danger",
}
SHOWN = 5  # on a person's page


class CancelForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="It is kept with the redemption, and sent to your webhooks.",
    )


class NoteForm(CancelForm):
    """As for a cancellation, but nothing needs to be said."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False
        self.fields["reason"].label = "Note"


class OfAdvocate(OfPerson):
    parameter_name = "advocate"
    field = "advocate_id"


def worth(redemption: Redemption) -> str:
    """What was sold, as it was then."""
    terms = redemption.terms
    title = kinds.KINDS[terms["type"]].TITLE
    if terms.get("value") is None:
        return title
    return f"{title}: {terms['value']} {terms.get('currency') or '%'}"


WHEN = look.moment_of("created_at", "When")
FACTS = (
    look.column("Reward", lambda row: look.link(row.reward.name, links.url_of(row.reward))),
    look.column("Points", lambda row: look.points(row.points)),
    look.column("Coupon", lambda row: look.code(row.coupon_code) if row.coupon_code else look.NOTHING),
    look.column("State", lambda row: look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))),
)
WHOSE = look.column("Advocate", lambda row: look.link(row.advocate, links.url_of(row.advocate)))
MORE = (
    look.column("Pieces", lambda row: row.quantity),
    look.column("Worth", worth),
    look.column("Reason", lambda row: row.reason or look.NOTHING),
    look.moment_of("acknowledge_by", "To acknowledge by"),
    look.moment_of("expires_at", "Expires"),
    look.moment_of("updated_at", "Last change"),
    look.column("Id", lambda row: look.code(row.pk)),
)


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    list_display = (WHEN, WHOSE, *FACTS)
    list_select_related = ("advocate", "reward")
    list_filter = (OfAdvocate, "status", "reward", ("created_at", When))
    search_fields = ("coupon_code",)
    search_help_text = "A whole coupon code"
    ordering = ("-created_at",)
    sortable_by = ()
    shown = ((None, (WHOSE, *FACTS, WHEN, *MORE)),)
    actions = ("approve_all",)
    actions_detail = ("approve", "reject", "acknowledge", "fulfil", "use", "cancel")
    steps_from: ClassVar[Mapping[str, Collection[str]]] = {
        "approve": (Status.PENDING_APPROVAL,),
        "reject": (Status.PENDING_APPROVAL,),
        "acknowledge": (Status.PENDING_ACKNOWLEDGEMENT,),
        "fulfil": (Status.ISSUED,),
        "use": (Status.ISSUED,),
        "cancel": (Status.PENDING_ACKNOWLEDGEMENT, Status.ISSUED),
    }

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "advocate", "reward")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        spelled = coupons.spellings(search_term)
        return (queryset.filter(coupon_code__in=spelled) if any(spelled) else queryset), False

    def offers(self, request: HttpRequest, button: str, redemption: Redemption) -> bool:
        is_coupon = button != "use" or redemption.coupon_code is not None
        return is_coupon and redemption.status in self.steps_from[button]

    @admin.action(description="Approve the chosen redemptions", permissions=["act"])
    def approve_all(self, request: HttpRequest, queryset: QuerySet[Redemption]) -> None:
        done = refused = 0
        for redemption in queryset.filter(status=Status.PENDING_APPROVAL):
            try:
                steps.approve(business=redemption.business, redemption_id=redemption.pk)
            except DomainError:  # judged by somebody else meanwhile
                refused += 1
            else:
                self.log_change(request, redemption, "Approved.")
                done += 1
        messages.success(request, f"{done} approved." + (f" {refused} were judged meanwhile." if refused else ""))

    @buttons.button("Approve", icon="check")
    def approve(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            steps.approve(business=redemption.business, redemption_id=redemption.pk)
            return "Approved."

        text = "The coupon goes out, and your webhooks hear of it."
        title = "Approve this redemption?"
        return buttons.ask(self, request, redemption, title=title, text=text, submit="Approve it", act=act)

    @buttons.button("Reject", icon="close", danger=True)
    def reject(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            steps.reject(business=redemption.business, redemption_id=redemption.pk, reason=answer["reason"])
            return f"Rejected: {redemption.points:,} points are back, with their own expiry."

        return buttons.ask(
            self,
            request,
            redemption,
            title="Reject this redemption?",
            text="The points go back to where they came from, and the pieces into stock.",
            submit="Reject it",
            form=CancelForm,
            danger=True,
            act=act,
        )

    @buttons.button("Acknowledge", icon="handshake")
    def acknowledge(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            steps.acknowledge(business=redemption.business, redemption_id=redemption.pk, reason=answer["reason"])
            return "Acknowledged, and issued."

        text = "Your shop does this by itself as soon as it can honour the coupon. Do it by hand if it cannot tell."
        title = "Acknowledge this redemption?"
        return self._step(request, redemption, title=title, text=text, submit="Acknowledge it", act=act)

    @buttons.button("Handed over", icon="inventory_2")
    def fulfil(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            steps.fulfil(business=redemption.business, redemption_id=redemption.pk, reason=answer["reason"])
            return "Fulfilled."

        text = "For what is sent or handed out. After that it can be neither used nor cancelled."
        return self._step(request, redemption, title="Handed over?", text=text, submit="It is handed over", act=act)

    @buttons.button("Use up", icon="done_all")
    def use(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            steps.use(business=redemption.business, redemption_id=redemption.pk)
            return "Used."

        text = "For a coupon that is shown at a till. It is good for one time."
        title = "Use this coupon up?"
        return buttons.ask(self, request, redemption, title=title, text=text, submit="Use it up", act=act)

    def _step(self, request: HttpRequest, redemption: Redemption, **asked: Any) -> HttpResponse:
        return buttons.ask(self, request, redemption, form=NoteForm, **asked)

    @buttons.button("Cancel", icon="undo", danger=True)
    def cancel(self, request: HttpRequest, redemption: Redemption) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            redemptions.cancel(business=redemption.business, redemption_id=redemption.pk, reason=answer["reason"])
            return f"Cancelled: {redemption.points:,} points are back, with their own expiry."

        return buttons.ask(
            self,
            request,
            redemption,
            title="Cancel this redemption?",
            text="The points go back to where they came from, and the pieces into stock. The coupon is void: make "
            "sure that your shop does not take it any more.",
            submit="Cancel it",
            form=CancelForm,
            danger=True,
            act=act,
        )


def redeemed_by(request: HttpRequest, advocate: Advocate) -> Panel:
    """A person's latest redemptions, on their page."""
    return panels.table(
        "Latest redemptions",
        (look.column("When", lambda row: look.link(WHEN(row), links.url_of(row))), *FACTS),
        history.redemptions_of(business=advocate.business, advocate_id=advocate.pk)[:SHOWN],
        empty="Nothing redeemed yet.",
        more_url=links.list_url(Redemption, advocate=advocate.pk),
    )


panels.add("advocates.Advocate", redeemed_by)
