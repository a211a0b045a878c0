"""Addresses of pages."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse


def url_of(row: Model) -> str:
    return url_to(type(row), row.pk)


def url_to(model: type[Model], pk: UUID | str) -> str:
    return reverse(_name(model, "change"), args=[quote(pk)])


def list_url(model: type[Model], **filters: object) -> str:
    url = reverse(_name(model, "changelist"))
    return f"{url}?{urlencode(filters)}" if filters else url


def add_url(model: type[Model]) -> str:
    return reverse(_name(model, "add"))


def _name(model: type[Model], page: str) -> str:
    options: Any = model._meta
    return f"admin:{options.app_label}_{options.model_name}_{page}"
