"""Code pools in the dashboard: opened, filled from a file or by the house, archived. The codes are never shown."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold import widgets

from loyalty.admin import buttons, look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.admin.panels import Figure
from loyalty.kernel.errors import Invalid
from rewards.models import CodePool
from rewards.selectors.pools import Supply, supplies
from rewards.services import codes, pools

MOST_BYTES = 5_000_000
HEADER = {"code", "codes"}  # a first line that only names the column


class PoolForm(ServiceForm):
    class Meta:
        model = CodePool
        fields = ("title", "key")
        help_texts = {
            "title": "What the codes are for: “Cinema tickets, spring”.",
            "key": "Its name for the API. Left empty, it is made from the title.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "key" in self.fields:
            self.fields["key"].required = False

    def write(self) -> CodePool:
        title = self.cleaned_data["title"]
        if self.instance._state.adding:
            return pools.create(business=self.business, title=title, key=self.cleaned_data["key"] or None)
        return pools.update(business=self.business, pool_id=self.instance.pk, title=title)


class UploadForm(forms.Form):
    """A file of codes. Whatever is wrong with its lines is told line by line, and then nothing is taken."""

    file = forms.FileField(
        label="CSV file",
        widget=widgets.UnfoldAdminFileFieldWidget,
        help_text=f"One code a line, in the first column; up to {codes.MOST:,}. All of them are added, or none.",
    )

    def clean_file(self) -> list[tuple[int, str]]:
        """The codes, with their line numbers."""
        file = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 5 MB. Split it.")
        try:
            found = list(_lines(file.read().decode("utf-8-sig")))
        except (UnicodeDecodeError, csv.Error) as error:
            raise forms.ValidationError("This is no CSV file in UTF-8.") from error
        if not found:
            raise forms.ValidationError("There is no code in this file.")
        return found


class GenerateForm(forms.Form):
    count = forms.IntegerField(
        label="How many", min_value=1, max_value=codes.MOST, widget=widgets.UnfoldAdminIntegerFieldWidget
    )
    start = forms.CharField(
        label="Prefix",
        required=False,
        max_length=32,
        widget=widgets.UnfoldAdminTextInputWidget,
        help_text="What they start with, as in SPRING-. Empty: nothing.",
    )
    length = forms.IntegerField(
        initial=12,
        min_value=codes.SHORTEST,
        max_value=codes.LONGEST,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="Characters behind the prefix. Fewer are easier to type, and to guess.",
    )


def _lines(text: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    for row in reader:
        code = row[0].strip() if row else ""
        if code and not (reader.line_num == 1 and code.lower() in HEADER):
            yield reader.line_num, code


def supply(pool: CodePool) -> Supply:
    """As the page looked it up for all its rows."""
    found: Supply = vars(pool)["_supply"]
    return found


def left(pool: CodePool) -> object:
    found = supply(pool)
    return look.points(found.available) if found.available else look.state("None", "danger")


def state(pool: CodePool) -> object:
    return look.state("Archived") if pool.archived_at else look.state("Active", "success")


COLUMNS = (
    look.column("Key", lambda pool: look.code(pool.key), order="key"),
    look.column("Left", left),
    look.column("Given out", lambda pool: look.points(supply(pool).taken)),
    look.column("State", state, order="archived_at"),
    look.moment_of("created_at", "Opened"),
)


@admin.register(CodePool)
class CodePoolAdmin(ServiceAdmin):
    form = PoolForm
    list_display = ("title", *COLUMNS)
    view_fields = ("title", "key")
    when_empty = "A pool holds codes that somebody else honours, such as cinema tickets, for rewards to hand out."
    search_fields = ("title", "key")
    ordering = ("-created_at",)
    fields = ("title", "key")
    actions_detail = ("upload", "generate", "archive", "restore")

    def get_readonly_fields(self, request: HttpRequest, obj: CodePool | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def prepare(self, rows: Sequence[CodePool], request: HttpRequest) -> None:
        found = supplies(business=rows[0].business, pools=rows) if rows else {}
        for pool in rows:
            vars(pool)["_supply"] = found[pool.pk]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("business")

    def summary(self, request: HttpRequest, pool: CodePool) -> Sequence[Figure]:
        self.prepare([pool], request)
        return (
            Figure("State", state(pool)),
            Figure("Left", left(pool)),
            Figure("Given out", look.points(supply(pool).taken), "also those whose redemption was cancelled"),
        )

    def offers(self, request: HttpRequest, button: str, pool: CodePool) -> bool:
        return button == "restore" if pool.archived_at else button != "restore"

    @buttons.button("Upload codes", icon="upload_file")
    def upload(self, request: HttpRequest, pool: CodePool) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            return add(pool, answer["file"])

        return buttons.ask(
            self,
            request,
            pool,
            title=f"Upload codes into {pool.title}",
            text="They rest encrypted, and are given out in the order of the file, each to one person.",
            submit="Add them",
            form=UploadForm,
            act=act,
        )

    @buttons.button("Make codes", icon="casino")
    def generate(self, request: HttpRequest, pool: CodePool) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            made = codes.generate(
                business=pool.business,
                pool_id=pool.pk,
                count=answer["count"],
                prefix=answer["start"],
                length=answer["length"],
            )
            return f"{made:,} codes made."

        return buttons.ask(
            self,
            request,
            pool,
            title=f"Make codes in {pool.title}",
            text="Codes that nobody can guess. Your shop learns each one when somebody redeems it.",
            submit="Make them",
            form=GenerateForm,
            act=act,
        )

    @buttons.button("Archive", icon="archive")
    def archive(self, request: HttpRequest, pool: CodePool) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            pools.update(business=pool.business, pool_id=pool.pk, is_archived=True)
            return "Archived."

        text = "No reward can take codes from it any more. What is given out stays valid."
        title = f"Archive {pool.title}?"
        return buttons.ask(self, request, pool, title=title, text=text, submit="Archive it", act=act)

    @buttons.button("Bring back", icon="unarchive")
    def restore(self, request: HttpRequest, pool: CodePool) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            pools.update(business=pool.business, pool_id=pool.pk, is_archived=False)
            return "Rewards can take codes from it again."

        return buttons.ask(self, request, pool, title=f"Bring {pool.title} back?", submit="Bring it back", act=act)


def add(pool: CodePool, lines: Sequence[tuple[int, str]]) -> str:
    """Put a file's codes into a pool, and say how many there were.

    :raises Invalid: telling what is wrong with which lines
    """
    try:
        added = codes.add(business=pool.business, pool_id=pool.pk, codes=[code for _, code in lines])
    except codes.BadCodes as error:
        raise Invalid(told(error.problems, lines), field="file") from error
    return f"{added:,} codes added."


def told(problems: Sequence[codes.Problem], lines: Sequence[tuple[int, str]]) -> str:
    """What is wrong, line by line of the file."""
    said = [f"Line {lines[problem.place][0]}: {problem.message}" for problem in problems]
    more = " There may be more." if len(said) == codes.TOLD else ""
    return f"Nothing was added. {' '.join(said)}{more}"
