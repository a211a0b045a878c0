"""What a gift card product says in its other languages: a group of fields for each, on its page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import models
from unfold import widgets

from loyalty.admin.forms import ServiceForm
from loyalty.kernel import languages
from rewards.models import GiftProduct
from rewards.services import gift_texts


def fields_of(product: GiftProduct) -> Mapping[str, forms.Field]:
    """By the names of the form: `de__terms` for the terms in German."""
    return {
        _named(tag, part): _field(product, tag, part) for tag in _others(product) for part in gift_texts.Texts._fields
    }


def groups_of(product: GiftProduct) -> Sequence[tuple[str, Mapping[str, Any]]]:
    return [
        (
            f"In {languages.locale_of(tag).english_name}",
            {"fields": [_named(tag, part) for part in gift_texts.Texts._fields]},
        )
        for tag in _others(product)
    ]


def form_for(form: type[ServiceForm], product: GiftProduct | None) -> type[ServiceForm]:
    """The form of a product with a field for each text in each language."""
    return type(form.__name__, (form,), dict(fields_of(product))) if product else form


def said_in(given: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """What was written, by language."""
    said: dict[str, dict[str, str]] = {}
    for name, text in given.items():
        tag, mark, part = name.partition("__")
        if mark:
            said.setdefault(tag, {})[part] = text
    return said


def _others(product: GiftProduct) -> Sequence[str]:
    return product.cultures[1:]


def _named(tag: str, part: str) -> str:
    return f"{tag}__{part}"


def _field(product: GiftProduct, tag: str, part: str) -> forms.Field:
    column: Any = GiftProduct._meta.get_field(part)
    is_long = isinstance(column, models.TextField)
    return forms.CharField(
        label=part.replace("_", " ").capitalize(),
        required=False,
        max_length=column.max_length,
        initial=product.translations.get(tag, {}).get(part, ""),
        widget=widgets.UnfoldAdminTextareaWidget if is_long else widgets.UnfoldAdminTextInputWidget,
    )
