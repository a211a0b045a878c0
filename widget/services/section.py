"""`widget`: what the programme says of the page that end users see."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from django.core.exceptions import ValidationError

from loyalty.kernel import networks
from loyalty.models import Business
from loyalty.services.programme import Document, Part, Problem, Section

Origin = Annotated[str, msgspec.Meta(max_length=255)]


class WidgetPart(Part):
    allowed_origins: Annotated[list[Origin], msgspec.Meta(max_length=100)] = []


def export(business: Business) -> WidgetPart:
    return WidgetPart(allowed_origins=list(business.allowed_origins))


def apply(business: Business, part: WidgetPart) -> None:
    business.allowed_origins = networks.each(networks.origin, part.allowed_origins)
    business.save(update_fields=["allowed_origins"])


def check(part: WidgetPart, document: Document) -> Iterator[Problem]:
    for number, origin in enumerate(part.allowed_origins):
        try:
            networks.origin(origin)
        except ValidationError as error:
            yield Problem(path=f"widget.allowedOrigins.{number}", message=error.messages[0])


SECTION = Section(key="widget", shape=WidgetPart, export=export, apply=apply, check=check)
