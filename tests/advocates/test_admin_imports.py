"""Imports in the dashboard: upload, look, import, undo."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from advocates.models import Import
from advocates.selectors import identity
from advocates.services import imports
from tests import dashboards
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
        assert olga.get(page)["Refresh"] == "3"
        imports.work_off()
        shown = olga.get(page)
        assert "Refresh" not in shown
        assert "points must be a whole number" in dashboards.text_of(shown)

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
