"""Forms that know their business, and forms whose writing is done by a service."""

import json
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from django import forms
from django.db import transaction
from django.forms.models import construct_instance
from unfold import widgets

from loyalty.kernel.errors import DomainError
from loyalty.kernel.shapes import Key, check_characters
from loyalty.models import Business
from loyalty.services import naming


class TenantForm(forms.ModelForm[Any]):
    """Validates with its business in place: what must be unique in a business is said, not crashed on."""

    business: Business  # set on the class that is made for each request

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.instance.business = self.business

    def _get_validation_exclusions(self) -> set[str]:
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # not in the stubs
        return excluded - {"business"}

    def _post_clean(self) -> None:
        if self.has_changed():
            naming.lock(self.business)  # what somebody else is just saving is there when uniqueness is judged
        super()._post_clean()  # type: ignore[misc]  # a model form's last step of validation


class ServiceForm(TenantForm):
    """A form that is valid once a service has accepted and written it, so that a refusal stands beside its field.

    The page's transaction is open around validation. Only for pages without inlines: those are validated later.
    """

    renamed: dict[str, str] = {}  # the service's name of a field: ours

    def write(self) -> Any:
        """Call the service with `cleaned_data`, and answer the row."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        """As a model form's, but what must hold between columns and rows is the service's to say."""
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            self.instance.clean_fields(exclude=self._get_validation_exclusions())
        except forms.ValidationError as error:
            self.add_error(None, error)
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.instance = self.write()
        except DomainError as error:
            refuse(self, error, renamed=self.renamed)


def spelled(key: str) -> str:
    """A key as the programme's document takes it.

    :raises ValidationError: if it does not
    """
    try:
        return msgspec.convert(key, Key)
    except msgspec.ValidationError as error:
        raise forms.ValidationError("Write small letters, digits, hyphens and underscores.") from error


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = widgets.UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: str | Iterable[str] | None) -> str:
        return value if isinstance(value, str) else "\n".join(value or ())

    def to_python(self, value: str | None) -> list[str]:  # type: ignore[override]  # a list of texts
        lines = [line.strip() for line in (value or "").splitlines()]
        return list(dict.fromkeys(line for line in lines if line))

    def run_validators(self, value: Any) -> None:
        """Lines are judged by the form, which can say which one is wrong."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(self.prepare_value(initial)) != self.to_python(data)


class TextField(forms.CharField):
    """A text that is the same where a browser ends its lines with two characters, and we trim what is around it."""

    def to_python(self, value: str | None) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.to_python(initial), data)


class UrlField(forms.URLField):
    """A URL that we call. Which ones we do is the service's to say: Django refuses some hosts that the API takes."""

    default_validators = []

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(assume_scheme="https", **kwargs)


class Money(forms.DecimalField):
    """An amount in major units; empty: none."""

    widget = widgets.UnfoldAdminDecimalFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=0, max_digits=16, decimal_places=3, **kwargs)


class ObjectField(forms.CharField):
    """An object that is written as JSON; nothing is an empty one."""

    shape: type[dict[str, Any] | list[Any]] = dict
    wanted = "It is an object: names, with what they say."

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        attrs = {"rows": rows, "spellcheck": "false", "class": "font-mono"}
        super().__init__(widget=widgets.UnfoldAdminTextareaWidget(attrs=attrs), **kwargs)

    def prepare_value(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != (initial or self.shape()))
        except forms.ValidationError:
            return True

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            found = json.loads(text) if text else self.shape()
            check_characters(found)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is no JSON: {error}.") from error
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        if not isinstance(found, self.shape):
            raise forms.ValidationError(self.wanted)
        return found


class ListField(ObjectField):
    """A list that is written as JSON; nothing is an empty one."""

    shape = list
    wanted = "It is a list: [ … ], with commas between."


def refuse(form: forms.BaseForm, error: DomainError, *, renamed: dict[str, str] | None = None) -> None:
    """Put a service's refusal beside the field that it blames: `pointsCost` is our `points_cost`."""
    blamed = re.sub(r"(?<=[a-z])([A-Z])", r"_\1", (error.field or "").partition(".")[0]).lower()
    name = (renamed or {}).get(blamed, blamed)
    form.add_error(name if name in form.fields else None, error.message)
