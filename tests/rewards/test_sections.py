"""The catalogue and the pools in the programme's document."""

from types import SimpleNamespace

import msgspec
import pytest

from loyalty.kernel.errors import DomainError
from loyalty.models import Segment
from loyalty.services import programme
from rewards.models import CodePool, Reward
from rewards.services import codes, pools, redemptions

pytestmark = pytest.mark.django_db

DOCUMENT = """
{"codePools": [{"key": "cinema", "title": "Cinema"}],
 "rewards": [
  {"key": "film", "name": "Film", "type": "promo_code", "codePool": "cinema", "pointsCost": 100, "stock": 5,
   "acknowledgement": "required", "acknowledgeWithinHours": 48, "perAdvocateLimit": 2, "minSpend": "20.00",
   "currency": "EUR", "startsAt": "2020-01-01T00:00:00Z", "endsAt": "2120-01-01T00:00:00Z", "productId": "sku"},
  {"key": "tenoff", "name": "10 EUR off", "type": "amount_discount", "value": "10.00", "currency": "EUR",
   "pointsCost": 500, "stock": null, "status": "active", "codePrefix": "TEN", "tiers": ["gold"], "segments": ["vip"],
   "increments": {"min": 500, "max": 2000, "step": 500}, "approval": true}]}
"""


@pytest.fixture(autouse=True)
def _a_segment(acme):
    Segment.objects.create(business=acme, key="vip", title="VIP")


def read(text=DOCUMENT):
    document = msgspec.json.decode(text)
    sections = programme.sections()
    return {key: msgspec.convert(part, sections[key].shape) for key, part in document.items()}


def apply(business, document):
    for key in ("codePools", "rewards"):
        if key in document:
            programme.sections()[key].apply(business, document[key])


def exported(business):
    return {key: programme.sections()[key].export(business) for key in ("codePools", "rewards")}


def edited(**changes):
    """The document with its last reward changed."""
    document = msgspec.json.decode(DOCUMENT)
    document["rewards"][1] |= changes
    return read(msgspec.json.encode(document))


class TestRefuses:
    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"value": "10.005"}, "rewards.1.value"),
            ({"type": "gold_bar"}, "rewards.1.type"),
            ({"codePool": "cinema"}, "rewards.1.codePoolKey"),
            ({"increments": {"min": 5, "max": 4, "step": 1}}, "rewards.1.increments.max"),
        ],
    )
    def test_what_the_catalogue_refuses_and_says_where(self, acme, changes, path):
        with pytest.raises(DomainError) as refused:
            apply(acme, edited(**changes))

        assert refused.value.field == path

    @pytest.mark.parametrize("wrong", [{"key": "Ten Off"}, {"pointsCost": 0}, {"colour": "red"}, {"status": "sold"}])
    def test_what_has_no_shape(self, wrong):
        with pytest.raises(msgspec.ValidationError):
            edited(**wrong)

    def test_references_that_lead_nowhere(self):
        step, segment = SimpleNamespace(key="gold"), SimpleNamespace(key="vip")
        ladder = SimpleNamespace(is_tier=True, milestones=[step])
        whole = read() | {"milestoneSets": [ladder], "segments": [segment]}
        check = programme.sections()["rewards"].check
        assert list(check(whole["rewards"], whole)) == []

        bare = {"rewards": whole["rewards"]}

        assert [problem.path for problem in check(whole["rewards"], bare)] == [
            "rewards.0.codePool",
            "rewards.1.tiers.0",
            "rewards.1.segments.0",
        ]


class TestApplies:
    def test_and_exports_the_same(self, acme, rival):
        apply(acme, read())

        assert exported(acme) == read()
        assert exported(rival) == {"codePools": [], "rewards": []}

    def test_twice_without_a_change(self, acme):
        apply(acme, read())
        ids = set(Reward.objects.values_list("pk", flat=True))
        apply(acme, exported(acme))

        assert (set(Reward.objects.values_list("pk", flat=True)), exported(acme)) == (ids, read())

    def test_and_archives_what_is_not_named_and_fetches_it_back(self, acme):
        apply(acme, read())
        ids = set(Reward.objects.values_list("pk", flat=True))

        apply(acme, {"codePools": [], "rewards": []})
        assert exported(acme) == {"codePools": [], "rewards": []}
        assert set(Reward.objects.values_list("status", flat=True)) == {"archived"}

        apply(acme, read())
        assert exported(acme) == read()
        assert set(Reward.objects.values_list("pk", flat=True)) == ids
        assert CodePool.objects.count() == 1

    def test_and_restores_no_sold_piece(self, api, acme, ada, give):
        apply(acme, read())
        pool = CodePool.objects.get()
        codes.add(business=acme, pool_id=pool.pk, codes=["FILM-1"])
        give(ada, 100)
        film = Reward.objects.get(key="film")
        redemptions.redeem(business=acme, reward_id=film.pk, advocate_id=ada.pk)

        apply(acme, read())

        assert api.get(f"/rewards/{film.pk}").json()["reward"]["stockRemaining"] == 4

    def test_and_never_shows_a_code(self, acme):
        pool = pools.create(business=acme, title="Cinema", key="cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["FILM-4711"])

        assert b"FILM" not in msgspec.json.encode(exported(acme))
