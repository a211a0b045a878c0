"""Programme as code: the whole set-up of a business, read and written as one document."""

from datetime import datetime
from typing import Any, Literal, Self

import msgspec
from django.http import HttpRequest

from loyalty.api import documents, examples, parsing
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Reply, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.models import ProgrammeVersion
from loyalty.services import programme

MEDIA_TYPES = (documents.JSON, documents.YAML)
MAX_DOCUMENT = 5_000_000  # of YAML less: it takes twenty times as long to read
EXAMPLE = {
    "segments": [{"key": "beta", "title": "Beta testers"}],
    "milestoneSets": [
        {
            "key": "tiers",
            "title": "Tiers",
            "metric": "points",
            "isTier": True,
            "milestones": [
                {"key": "bronze", "title": "Bronze", "threshold": 0},
                {"key": "silver", "title": "Silver", "threshold": 1000},
            ],
        }
    ],
}


class ChangeShape(Shape):
    example = examples.CHANGE

    path: str
    action: Literal["added", "changed", "removed"]
    before: Any
    after: Any


class Applied(Shape):
    example = examples.APPLIED

    version: int
    changes: list[ChangeShape]
    warnings: list[str]

    @classmethod
    def of(cls, outcome: programme.Outcome) -> Self:
        changes = [
            ChangeShape(path=each.path, action=each.action, before=each.before, after=each.after)
            for each in outcome.changes
        ]
        return cls(version=outcome.now.version, changes=changes, warnings=outcome.warnings)


class ApplyQuery(Body):
    dry_run: bool = False


class Programme(KeyView):
    max_body = MAX_DOCUMENT

    @operation(
        "Read the programme as one document",
        answer=programme.document_type(),
        answer_example={"version": 8, **EXAMPLE},
        media_types=MEDIA_TYPES,
        description="As JSON, or as YAML with Accept: application/yaml. The ETag is good for If-Match.",
    )
    def get(self, call: Call[None, None]) -> Reply:
        now = programme.current(call.business)
        media_type = _wanted(call.request)
        body = documents.written({"version": now.version, **now.document}, media_type)
        return Reply(msgspec.Raw(body), headers={"Content-Type": media_type, "ETag": now.etag, "Vary": "Accept"})

    @operation(
        "Apply a document to the programme",
        body=programme.document_type(),
        query=ApplyQuery,
        answer=Applied,
        errors=(Code.PRECONDITION_FAILED,),
        example=EXAMPLE,
        media_types=MEDIA_TYPES,
        description="A section that is sent replaces that section, and archives what it leaves out; a section left "
        "out stays. With dryRun nothing changes. With If-Match a programme that has changed since is a 412.",
    )
    def put(self, call: Call[msgspec.Struct, ApplyQuery]) -> Reply:
        outcome = programme.apply(
            business=call.business,
            document=programme.sections_of(call.body),
            author=call.caller.key_name,
            if_match=call.request.META.get("HTTP_IF_MATCH"),
            dry_run=call.query.dry_run,
        )
        return Reply(Applied.of(outcome), headers={} if call.query.dry_run else {"ETag": outcome.now.etag})

    def read_body(self, request: HttpRequest) -> Any:
        limit = parsing.MAX_BODY if request.content_type == documents.YAML else self.max_body
        body = parsing.read_body(request, media_types=MEDIA_TYPES, limit=limit)
        return documents.read(body, request.content_type or documents.JSON) if body else {}


class VersionShape(Shape):
    example = examples.VERSION

    number: int
    origin: str
    author: str
    created_at: datetime


class VersionPage(Shape):
    versions: list[VersionShape]
    next_cursor: str | None


class Versions(KeyView):
    @operation("List the programme's versions, newest first", query=PageQuery, answer=VersionPage)
    def get(self, call: Call[None, PageQuery]) -> VersionPage:
        rows = ProgrammeVersion.objects.for_business(call.business).defer("document")
        page = page_by_cursor(rows, call.query, business=call.business, order=("-number",))
        versions = [
            VersionShape(number=row.number, origin=row.origin, author=row.author, created_at=row.created_at)
            for row in page.items
        ]
        return VersionPage(versions=versions, next_cursor=page.next_cursor)


class Restore(KeyView):
    @operation(
        "Make the programme what it was in a version",
        query=ApplyQuery,
        answer=Applied,
        description="The restored programme is a new version.",
    )
    def post(self, call: Call[None, ApplyQuery], number: int) -> Applied:
        outcome = programme.restore(
            business=call.business, number=number, author=call.caller.key_name, dry_run=call.query.dry_run
        )
        return Applied.of(outcome)


def _wanted(request: HttpRequest) -> str:
    """YAML for who prefers it; JSON for everybody else."""
    return documents.YAML if request.get_preferred_type(MEDIA_TYPES) == documents.YAML else documents.JSON
