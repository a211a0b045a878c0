"""GET /advocates: filters, orders, pages, and their cost."""

from datetime import timedelta

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Segment
from loyalty.services import segments
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(acme):
    """Thirty people, a minute apart, the oldest first; the numbers are their names."""
    began = clock.wall() - timedelta(hours=1)
    people = []
    for number in range(30):
        with clock.moved_to(began + timedelta(minutes=number)):
            people.append(join(acme, f"n{number:02}"))
    return people


def join(business, name):
    return advocates.create(business=business, email=f"{name}@example.com", name=name)


def names(response):
    assert response.status_code == 200, response.content
    return [advocate["name"] for advocate in response.json()["advocates"]]


class TestRefuses:
    def test_without_a_key(self, anonymous_api):
        assert anonymous_api.get("/advocates").status_code == 401

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "ten"),
            ("page", "0"),
            ("page", "-1"),
            ("page", "1.5"),
            ("cursor", "made-up"),
            ("sort", "email"),
            ("minPoints", "many"),
            ("maxPoints", "9223372036854775808"),
            ("createdAfter", "yesterday"),
            ("createdBefore", "2026-01-01T00:00:00"),
            ("tier", "No such key"),
            ("search", "x" * 201),
            ("segment", "No such key"),
        ],
    )
    def test_a_parameter_that_makes_no_sense(self, api, field, value):
        assert_refused(api.get("/advocates", **{field: value}), "VALIDATION_ERROR", field)

    def test_pages_beyond_ten_thousand_rows(self, api):
        assert_refused(api.get("/advocates", page=101, limit=100), "VALIDATION_ERROR", "page")

    def test_the_cursor_of_another_business(self, api, rival_api, crowd, eve, rival):
        join(rival, "second")
        cursor = rival_api.get("/advocates", limit=1).json()["nextCursor"]

        assert_refused(api.get("/advocates", cursor=cursor), "VALIDATION_ERROR", "cursor")


class TestFilters:
    def test_another_business_is_not_there(self, api, ada, eve):
        answer = api.get("/advocates").json()

        assert ([a["id"] for a in answer["advocates"]], answer["total"]) == ([str(ada.pk)], 1)
        assert names(api.get("/advocates", email="eve@example.com")) == []
        assert names(api.get("/advocates", search="Moneypenny")) == []

    def test_by_email_in_any_case(self, api, ada, bob):
        assert names(api.get("/advocates", email="ADA@example.com")) == ["Ada Lovelace"]
        assert names(api.get("/advocates", email="da@example.com")) == []

    def test_by_tier(self, api, ada, bob, give):
        give(bob, 1_000)

        assert names(api.get("/advocates", tier="silver")) == ["Bob Ross"]
        assert names(api.get("/advocates", tier="platinum")) == []

    def test_by_segment(self, api, acme, rival, ada, bob, eve):
        for business, person in ((acme, bob), (rival, eve)):
            Segment.objects.create(business=business, key="vips", title="VIPs")
            segments.put(business=business, account_id=person.pk, keys=["vips"])

        assert names(api.get("/advocates", segment="vips")) == ["Bob Ross"]
        assert api.get("/advocates", segment="vips").json()["advocates"][0]["segments"] == ["vips"]
        assert names(api.get("/advocates", segment="nobody")) == []
        Segment.objects.for_business(acme).update(archived_at=acme.created_at)
        assert names(api.get("/advocates", segment="vips")) == []

    def test_who_never_earned_has_no_points_but_is_there(self, api, ada):
        assert names(api.get("/advocates", minPoints=0, sort="points")) == ["Ada Lovelace"]

    def test_by_points(self, api, ada, bob, give):
        give(bob, 100)

        assert names(api.get("/advocates", minPoints=100)) == ["Bob Ross"]
        assert names(api.get("/advocates", minPoints=101)) == []
        assert names(api.get("/advocates", maxPoints=99)) == ["Ada Lovelace"]
        assert names(api.get("/advocates", minPoints=0, maxPoints=100, sort="points")) == ["Ada Lovelace", "Bob Ross"]

    def test_by_the_time_they_joined(self, api, crowd):
        after = crowd[27].created_at.isoformat()
        before = crowd[2].created_at.isoformat()

        assert names(api.get("/advocates", createdAfter=after)) == ["n29", "n28"]
        assert names(api.get("/advocates", createdBefore=before)) == ["n01", "n00"]


class TestOrders:
    @pytest.mark.parametrize(
        ("sort", "first"), [("createdAt", "n00"), ("-createdAt", "n29"), ("name", "n00"), ("-name", "n29")]
    )
    def test_by_a_column(self, api, crowd, sort, first):
        found = names(api.get("/advocates", sort=sort, limit=30))

        assert (found[0], found) == (first, sorted(found, reverse=sort.startswith("-")))

    def test_by_points(self, api, crowd, give):
        give(crowd[7], 70)
        give(crowd[3], 30)

        assert names(api.get("/advocates", sort="-points", limit=2)) == ["n07", "n03"]

    @pytest.mark.parametrize("sort", ["name", "-name"])
    def test_names_that_look_like_something_else(self, api, acme, sort):
        people = ["2026-01-01", "2026-01-01T00:00:00Z", "01890a5d-ac96-774b-bcce-b302099a8057", "12", "", "Ö"]
        for number, name in enumerate(people):
            advocates.create(business=acme, email=f"{number}@example.com", name=name)

        assert sorted(name or "" for name in walk(api, limit=1, sort=sort)) == sorted(people)


def walk(api, **query):
    """Every name, following the cursors; more than there are people means that they run in circles."""
    found, cursor = [], {}
    while len(found) <= 30:
        response = api.get("/advocates", **query, **cursor)
        found += names(response)
        if response.json()["nextCursor"] is None:
            break
        cursor = {"cursor": response.json()["nextCursor"]}
    return found


class TestPages:
    def test_the_first_says_how_many_there_are(self, api, crowd):
        answer = api.get("/advocates").json()

        assert len(answer["advocates"]) == 20
        assert (answer["total"], answer["totalIsCapped"], answer["page"]) == (30, False, 1)

    def test_by_number(self, api, crowd):
        pages = [names(api.get("/advocates", page=page, limit=12)) for page in (1, 2, 3, 4)]

        assert [len(page) for page in pages] == [12, 12, 6, 0]
        assert sum(pages, []) == [person.name for person in reversed(crowd)]

    @pytest.mark.parametrize("sort", ["createdAt", "-createdAt", "name", "-name", "points", "-points"])
    @pytest.mark.parametrize("limit", [1, 7, 30])
    def test_by_cursor_nobody_is_skipped_or_repeated(self, api, crowd, give, sort, limit):
        for person in crowd[:5]:
            give(person, 10)

        assert sorted(walk(api, sort=sort, limit=limit)) == [person.name for person in crowd]

    def test_newcomers_between_pages_move_nobody(self, api, acme, crowd):
        first = api.get("/advocates", limit=10)
        join(acme, "late")
        second = api.get("/advocates", limit=10, cursor=first.json()["nextCursor"])
        join(acme, "later")
        third = api.get("/advocates", limit=10, cursor=second.json()["nextCursor"])

        seen = names(first) + names(second) + names(third)
        assert seen == [person.name for person in reversed(crowd)]
        assert third.json()["nextCursor"] is None


class TestCost:
    def test_a_page_of_a_hundred_asks_no_more_than_a_page_of_one(self, api, acme, django_assert_num_queries):
        Segment.objects.create(business=acme, key="all", title="All")
        for number in range(100):
            person = join(acme, f"n{number:02}")
            segments.put(business=acme, account_id=person.pk, keys=["all"])
        api.get("/me")  # the key is known from here on

        for query in (
            {},
            {"tier": "bronze"},
            {"search": "example"},
            {"minPoints": "0"},
            {"sort": "-points"},
            {"segment": "all"},
        ):
            for limit in (1, 100):
                with django_assert_num_queries(5):  # the count, the people, their points, segments and links
                    assert len(names(api.get("/advocates", limit=limit, **query))) == limit
