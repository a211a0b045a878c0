"""Code pools in the dashboard: filled from a file, wholly or not at all."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from rewards.models import Code, CodePool
from rewards.services import codes, pools
from tests import dashboards

pytestmark = pytest.mark.django_db


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def pool(acme):
    return pools.create(business=acme, title="Cinema", key="cinema")


def upload(browser, pool, content):
    file = SimpleUploadedFile("codes.csv", content, content_type="text/csv")
    return browser.post(dashboards.page(pool, "upload"), {"file": file})


class TestUpload:
    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "empty"),
            (b"code\n", "no code in this file"),
            (b"\xff\xfe\x00", "no CSV file"),
            (b"A\nhas space\nB\nA\n", "Line 2: A code is 1 to 64 visible"),
            (b"A\nhas space\nB\nA\n", "Line 4: This code is sent twice."),
            (b"code\nNEW\nOLD\n", "Line 3: This code was added or handed out before."),
            (b"x" * 5_000_001, "larger than 5 MB"),
        ],
    )
    def test_says_what_is_wrong_and_takes_nothing(self, olga, pool, content, said):
        codes.add(business=pool.business, pool_id=pool.pk, codes=["OLD"])

        answer = upload(olga, pool, content)

        assert said in dashboards.text_of(answer)
        assert Code.objects.count() == 1

    def test_takes_the_first_column(self, olga, pool):
        answer = upload(olga, pool, b'\xef\xbb\xbfCode,Note\r\nONE,for you\r\n\r\n"TWO"\r\n')

        assert answer.status_code == 302
        assert "2 codes added." in dashboards.text_of(olga.get(answer.url))
        texts = {codes.opened(row.pk, row.sealed) for row in Code.objects.all()}
        assert texts == {"ONE", "TWO"}

    def test_is_not_for_analysts_nor_for_others(self, acme, rival, pool):
        ann = dashboards.works_for(acme, dashboards.Role.ANALYST)
        stan = dashboards.works_for(rival)

        assert upload(ann, pool, b"A\n").status_code == 403
        assert upload(stan, pool, b"A\n").status_code in (302, 404)
        assert not Code.objects.exists()

    def test_never_shows_a_code_again(self, olga, pool):
        upload(olga, pool, b"SECRET-4711\n")

        for address in (dashboards.page(pool), dashboards.page(pool, "history"), dashboards.listed(CodePool)):
            assert "SECRET-4711" not in dashboards.text_of(olga.get(address))


class TestPool:
    def test_is_opened_renamed_archived_and_brought_back(self, olga, acme):
        olga.post("/admin/rewards/codepool/add/", {"title": "Cinema tickets", "key": ""})
        pool = CodePool.objects.for_business(acme).get()
        assert pool.key == "cinema-tickets"

        olga.post(dashboards.page(pool), {"title": "Films"})
        olga.post(dashboards.page(pool, "archive"))
        pool.refresh_from_db()
        assert (pool.title, pool.archived_at is None) == ("Films", False)

        olga.post(dashboards.page(pool, "restore"))
        pool.refresh_from_db()
        assert pool.archived_at is None

    def test_that_a_reward_needs_is_not_archived(self, olga, pool, offer):
        offer(type="promo_code", code_pool_key="cinema")

        answer = olga.post(dashboards.page(pool, "archive"))

        assert "takes its codes from this pool" in dashboards.text_of(answer)

    def test_gets_codes_made(self, olga, pool):
        olga.post(dashboards.page(pool, "generate"), {"count": "20", "start": "SPRING-", "length": "10"})

        assert Code.objects.count() == 20
        assert "20" in dashboards.text_of(olga.get(dashboards.listed(CodePool)))

    def test_says_which_prefix_is_refused(self, olga, pool):
        answer = olga.post(dashboards.page(pool, "generate"), {"count": "20", "start": "a b", "length": "10"})

        assert "visible ASCII" in dashboards.text_of(answer)
        assert not Code.objects.exists()
