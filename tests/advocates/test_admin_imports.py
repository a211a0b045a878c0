"""Imports in the dashboard: upload, look, import, undo."""

import csv
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from advocates.models import Import
from advocates.selectors import identity
from advocates.services import csv_files, imports
from loyalty.models import User
from tests import cast, dashboards
from tests.dashboards import Role

pytestmark = pytest.mark.django_db

TEXT = b"externalId,points\nc-1,20\nc-2,-3\n"


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


def upload(browser, content=TEXT, layout="laurel", kind="customers"):
    file = SimpleUploadedFile("people.csv", content, content_type="text/csv")
    given = {"kind": kind, "layout": layout, "file": file}
    return browser.post(reverse("admin:advocates_import_add"), given, follow=True)


@pytest.fixture
def found(olga):
    upload(olga)
    imports.work_off()
    return Import.objects.get()


def progress_of(answer):
    """(max, value) of the bars on a page."""
    bars = re.findall(r"<progress([^>]*)>", dashboards.text_of(answer))
    return [(re.search(r'max="(.*?)"', bar)[1], re.search(r'value="(.*?)"', bar)[1]) for bar in bars]


def rows_of(answer):
    """What a file says that was asked for."""
    text = b"".join(answer.streaming_content).decode()
    return list(csv.reader(text.splitlines()))


class TestUpload:
    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"", "empty"), (b"shoe size\n43\n", "names no column"), (b"email\n\xff\xfe\n", "UTF-8")],
    )
    def test_says_what_is_wrong_and_keeps_nothing(self, olga, content, said):
        assert said in dashboards.text_of(upload(olga, content))
        assert not Import.objects.exists()

    def test_shows_that_it_goes_on_until_it_is_checked(self, olga):
        answer = upload(olga)

        assert answer.status_code == 200
        page = dashboards.page(Import.objects.get(), "change")
        going_on = olga.get(page)
        assert going_on["Refresh"] == "3"
        assert progress_of(going_on) == [("2", "0")]
        imports.work_off()
        shown = olga.get(page)
        assert "Refresh" not in shown
        assert progress_of(shown) == []
        assert "points must be a whole number" in dashboards.text_of(shown)

    def test_shows_how_far_it_is(self, olga, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 2)
        upload(olga, b"externalId\nc-1\nc-2\nc-3\n")
        found = Import.objects.get()

        imports.advance(business=acme, import_id=found.pk)

        assert progress_of(olga.get(dashboards.page(found))) == [("3", "2")]

    def test_says_if_a_vendor_exports_nothing_of_the_kind(self, olga):
        said = dashboards.text_of(upload(olga, b"id,title\n1,Mug\n", layout="smile", kind="products"))

        assert "Layouts of products are laurel, shopify, woocommerce" in said
        assert not Import.objects.exists()

    def test_of_orders_shows_what_they_come_to(self, olga):
        upload(olga, b"id,email,total,currency\n1,a@example.com,12.50,EUR\n", kind="orders")
        imports.work_off()

        said = dashboards.text_of(olga.get(dashboards.page(Import.objects.get(), "change")))
        assert "12.50" in said
        assert "of new orders" in said

    def test_is_not_for_analysts(self, acme):
        assert upload(dashboards.works_for(acme, Role.ANALYST)).status_code == 403


class TestButtons:
    def test_import_it_and_undo_it(self, olga, acme, found):
        olga.post(dashboards.page(found, "start"))
        imports.work_off()
        assert identity.by_external_id(business=acme, external_id="c-1")

        olga.post(dashboards.page(found, "undo"))
        imports.work_off()
        assert identity.by_external_id(business=acme, external_id="c-1") is None
        assert "Undone" in dashboards.text_of(olga.get(dashboards.page(found, "change")))

    def test_are_not_for_analysts_nor_strangers(self, acme, rival, found):
        assert dashboards.works_for(acme, Role.ANALYST).post(dashboards.page(found, "start")).status_code == 403
        assert dashboards.works_for(rival).post(dashboards.page(found, "start")).status_code == 404
        found.refresh_from_db()
        assert found.state == Import.State.CHECKED


class TestReport:
    def test_is_for_nobody_who_may_not_see_the_page(self, client, found):
        stranger = dashboards.browser_of(User.objects.create_user("zoe@example.com", cast.PASSWORD))

        assert stranger.get(dashboards.page(found, "report")).status_code == 403
        assert client.get(dashboards.page(found, "report")).status_code == 302  # to where one signs in

    def test_of_another_business_is_none(self, rival, found):
        assert dashboards.works_for(rival).get(dashboards.page(found, "report")).status_code == 404

    def test_has_every_refused_line_of_which_the_page_shows_some(self, olga, acme, monkeypatch):
        monkeypatch.setattr(imports, "PART", 100)
        upload(olga, b"externalId,points\n" + b"c-1,5\n" + b"c-2,-3\n" * 250)
        imports.work_off()
        found = Import.objects.get()

        page = dashboards.text_of(olga.get(dashboards.page(found)))
        assert "Refused lines (the first 200)" in page
        assert page.count("points must be a whole number") == 200
        assert f'href="{dashboards.page(found, "report")}"' in page
        header, *rows = rows_of(olga.get(dashboards.page(found, "report")))
        assert header == ["line", "outcome", "column", "reason"]
        assert rows == [
            [str(line), "refused", "points", "points must be a whole number such as 1250."] for line in range(3, 253)
        ]

    def test_is_a_file_for_analysts_too(self, acme, found):
        answer = dashboards.works_for(acme, Role.ANALYST).get(dashboards.page(found, "report"))

        assert answer["Content-Disposition"] == f'attachment; filename="import-{found.pk}.csv"'
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert len(rows_of(answer)) == 2

    def test_stays_when_the_rows_are_forgotten(self, olga, found):
        olga.post(dashboards.page(found, "start"))
        imports.work_off()

        assert [row[0] for row in rows_of(olga.get(dashboards.page(found, "report")))] == ["line", "3"]

    @pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_holds_no_formula(self, cell):
        (line,) = csv_files.written([(cell, "a=1", 'so "quoted", it is')])

        assert next(csv.reader([line])) == [f"'{cell}", "a=1", 'so "quoted", it is']
