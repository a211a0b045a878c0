"""Buttons on a row's page. Each opens a page that asks; what it does happens on POST, through a service."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from unfold.enums import ActionVariant

from loyalty.admin import links, seats, tabs
from loyalty.admin.forms import refuse
from loyalty.kernel.errors import DomainError

Admin = TypeVar("Admin")
Args = ParamSpec("Args")
View = Callable[Concatenate[Admin, HttpRequest, Any, Args], HttpResponse]
Routed = Callable[Concatenate[Admin, HttpRequest, str, Args], HttpResponse]


def button(title: str, *, icon: str, danger: bool = False) -> Callable[[View[Admin, Args]], Routed[Admin, Args]]:
    """Offer a method on its row's page to those who may act; name it in `actions_detail`, or give it an address."""

    def decorate(view: View[Admin, Args]) -> Routed[Admin, Args]:
        @wraps(view)
        def guarded(
            admin: Any, request: HttpRequest, object_id: str, *args: Args.args, **kwargs: Args.kwargs
        ) -> HttpResponse:
            row = admin.get_object(request, unquote(object_id))
            if row is None:
                raise Http404
            if not admin.has_act_permission(request, row) or not admin.offers(request, view.__name__, row):
                raise PermissionDenied
            return view(admin, request, row, *args, **kwargs)

        vars(guarded).update(
            short_description=title,
            icon=icon,
            variant=ActionVariant.DANGER if danger else ActionVariant.DEFAULT,
            attrs={},
            allowed_permissions=["act"],
        )
        return cast("Routed[Admin, Args]", guarded)

    return decorate


def more(*names: str) -> dict[str, Any]:
    """Buttons of a row that are wanted less often, behind one."""
    return {"title": "More", "icon": "more_horiz", "items": names}


def ask(
    admin: Any,
    request: HttpRequest,
    row: Any,
    *,
    title: str,
    submit: str,
    act: Callable[[Mapping[str, Any]], str | HttpResponse],
    text: str = "",
    form: Callable[..., forms.Form] = forms.Form,
    danger: bool = False,
) -> HttpResponse:
    """Show a form, or just a question; on POST do `act` with what was answered.

    `act` answers what to tell and to log, or a page to show. A refusal by the service stands in the form.
    """
    moved = tabs.moved_on(request)
    if moved is not None:
        return moved
    filled = form(request.POST, request.FILES) if request.method == "POST" else form()
    if request.method == "POST" and filled.is_valid():
        try:
            outcome = act(filled.cleaned_data)
        except DomainError as error:
            refuse(filled, error)
        else:
            return _done(admin, request, row, outcome)
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "text": text,
        "submit_label": submit,
        "danger": danger,
        "form": filled,
        "media": admin.media + filled.media,
        "opts": admin.opts,
        "original": row,
        "back_url": links.url_of(row),
        "acting_for": seats.business_of(request),
    }
    return TemplateResponse(request, "admin/ask.html", context)


def show_once(admin: Any, request: HttpRequest, row: Any, *, title: str, secret: str) -> HttpResponse:
    """Show a secret that is kept nowhere: not in the session, and like no page of these in the browser's cache."""
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "secret": secret,
        "opts": admin.opts,
        "original": row,
        "back_url": links.url_of(row),
    }
    return TemplateResponse(request, "admin/secret.html", context)


def _done(admin: Any, request: HttpRequest, row: Any, outcome: str | HttpResponse) -> HttpResponse:
    if not isinstance(outcome, str):
        return outcome
    admin.log_change(request, row, outcome)
    messages.success(request, outcome)
    return HttpResponseRedirect(links.url_of(row))
