"""Endpoints in the dashboard: made, changed, tested, given new secrets, switched off and on."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from unfold import widgets

from loyalty.admin import buttons, links, look
from loyalty.admin.panels import Figure, Panel
from loyalty.admin.secrets import SecretAdmin
from loyalty.kernel import clock
from webhooks.admin.deliveries import latest
from webhooks.admin.endpoint_form import EndpointForm
from webhooks.models import Endpoint
from webhooks.selectors import Overdue, overdue
from webhooks.services import deliveries, endpoints, signing, topics

Status = Endpoint.Status
OVERLAP_HOURS = int(endpoints.OVERLAP.total_seconds() // 3600)


class ExampleForm(forms.Form):
    topic = forms.ChoiceField(widget=widgets.UnfoldAdminSelectWidget, help_text="Its example is sent, signed as ever.")

    def __init__(self, *args: Any, endpoint: Endpoint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        heard = [(topic, topic) for topic in topics.meant_by(signing.heard_by(endpoint))]
        cast(forms.ChoiceField, self.fields["topic"]).choices = heard


class ReplayForm(forms.Form):
    since = forms.SplitDateTimeField(
        widget=widgets.UnfoldAdminSplitDateTimeWidget, help_text="On the business's clocks."
    )


@admin.register(Endpoint)
class EndpointAdmin(SecretAdmin):
    form = EndpointForm
    list_display = (
        "url",
        look.column("Hears of", lambda row: ", ".join(row.topics) or "Replies"),
        look.column("State", lambda row: state(row)),
        look.column("Failures in a row", lambda row: row.failures or look.NOTHING),
        look.moment_of("created_at", "Made"),
    )
    list_filter = ("status",)
    search_fields = ("url", "description")
    ordering = ("-created_at",)
    fields = ("url", "topics", "signature_profile", "description")
    actions_detail = ("send_example", buttons.more("replay", "rotate", "enable", "disable", "remove"))
    when_empty = "Your shop hears of redemptions, points and people through a webhook."

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An endpoint for replies is whoever's was named; its buttons work."""
        return super().has_change_permission(request, obj) and not (obj and obj.is_reply)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business")

    def summary(self, request: HttpRequest, endpoint: Endpoint) -> Sequence[Figure]:
        late = overdue(endpoint)
        return (
            Figure("State", state(endpoint), "" if endpoint.is_active else endpoint.get_disabled_reason_display()),
            Figure("Deliveries so far", look.points(endpoint.last_sequence)),
            Figure("Failures in a row", look.points(endpoint.failures), _since(endpoint)),
            *([Figure("Overdue", look.points(late.count), _late_since(late))] if late.count else []),
            *([Figure("Old secret signs until", until)] if (until := _old_secret_until(endpoint)) else []),
        )

    def panels(self, request: HttpRequest, endpoint: Endpoint) -> Sequence[Panel]:
        return (latest(request, endpoint),)

    def offers(self, request: HttpRequest, button: str, endpoint: Endpoint) -> bool:
        if button == "enable":
            return not endpoint.is_active
        if button == "send_example" and endpoint.is_reply:
            return False
        return endpoint.is_active or button not in ("disable", "send_example", "replay")

    @buttons.button("Send an example", icon="send")
    def send_example(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            deliveries.send_example(business=endpoint.business, endpoint_id=endpoint.pk, topic=answer["topic"])
            return f"An example of {answer['topic']} is on its way. See below what becomes of it."

        form = partial(ExampleForm, endpoint=endpoint)
        return buttons.ask(self, request, endpoint, title="Send an example", submit="Send it", form=form, act=act)

    @buttons.button("Replay", icon="replay")
    def replay(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            count = deliveries.replay(business=endpoint.business, endpoint_id=endpoint.pk, since=answer["since"])
            self.log_change(request, endpoint, f"Replayed since {answer['since']:%Y-%m-%d %H:%M %Z}.")
            return f"{look.points(count)} are on their way." if count else "Nothing has happened since then."

        return buttons.ask(
            self,
            request,
            endpoint,
            title="Send everything again?",
            text="All that it hears of since a moment is sent once more, also what has arrived: under the same ids.",
            submit="Send it again",
            form=ReplayForm,
            act=act,
        )

    @buttons.button("New secret", icon="autorenew")
    def rotate(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            _endpoint, text = endpoints.rotate(business=endpoint.business, endpoint_id=endpoint.pk)
            self.log_change(request, endpoint, "Given a new secret.")
            return self.show(request, endpoint, text)

        text = f"For {OVERLAP_HOURS} hours both secrets sign, so that the receiver can change over without a gap."
        return buttons.ask(self, request, endpoint, title="Make a new secret?", text=text, submit="Make it", act=act)

    @buttons.button("Disable", icon="pause")
    def disable(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        text = "Nothing more is sent to it, and what is waiting is dropped. You can send it later with a replay."
        return self._set_status(request, endpoint, Status.DISABLED, title="Disable this endpoint?", text=text)

    @buttons.button("Enable", icon="play_arrow")
    def enable(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        text = "It hears of everything that happens from now on."
        return self._set_status(request, endpoint, Status.ACTIVE, title="Enable this endpoint?", text=text)

    @buttons.button("Delete", icon="delete", danger=True)
    def remove(self, request: HttpRequest, endpoint: Endpoint) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            self.log_change(request, endpoint, "Deleted.")
            endpoints.delete(business=endpoint.business, endpoint_id=endpoint.pk)
            messages.success(request, "The endpoint is deleted.")
            return HttpResponseRedirect(links.list_url(Endpoint))

        return buttons.ask(
            self,
            request,
            endpoint,
            title="Delete this endpoint?",
            text="Its deliveries and their attempts are deleted with it.",
            submit="Delete it",
            danger=True,
            act=act,
        )

    def _set_status(
        self, request: HttpRequest, endpoint: Endpoint, status: Status, *, title: str, text: str
    ) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            endpoints.update(business=endpoint.business, endpoint_id=endpoint.pk, status=status)
            return f"The endpoint is {status.label.lower()}."

        submit = "Enable it" if status == Status.ACTIVE else "Disable it"
        return buttons.ask(self, request, endpoint, title=title, text=text, submit=submit, act=act)


def state(endpoint: Endpoint) -> object:
    if not endpoint.is_active:
        return look.state("Disabled", "danger")
    return look.state("Failing", "warning") if endpoint.failures else look.state("Active", "success")


def _since(endpoint: Endpoint) -> str:
    return f"since {timezone.localtime(endpoint.failing_since):%d %b, %H:%M}" if endpoint.failing_since else ""


def _late_since(late: Overdue) -> str:
    return f"the oldest since {timezone.localtime(late.since):%d %b, %H:%M}"


def _old_secret_until(endpoint: Endpoint) -> object:
    return look.moment(endpoint.old_secret_until) if endpoint.rotates(at=clock.wall()) else None
