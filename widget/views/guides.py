"""The documentation, as it was written."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views import View

FOLDER = settings.BASE_DIR / "docs"


class Guide(View):
    def get(self, request: HttpRequest, name: str) -> HttpResponse:
        if name not in titles():
            raise Http404
        return HttpResponse((FOLDER / name).read_bytes(), content_type="text/plain; charset=utf-8")


@cache
def titles() -> dict[str, str]:
    """The title of each file: the first line of it."""
    return {file.relative_to(FOLDER).as_posix(): _title(file) for file in sorted(FOLDER.rglob("*.md"))}


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as text:
        return text.readline().lstrip("# ").strip()
