"""The rules: saved in the dashboard, or as the section `referral` of a business's document."""

from decimal import Decimal

import msgspec
import pytest

from loyalty.kernel.errors import DomainError
from loyalty.models import Metric
from loyalty.services import programme
from referrals.models import ReferralProgramme
from referrals.selectors import programmes as rules
from referrals.services import programmes

pytestmark = pytest.mark.django_db

WRITTEN = {
    "status": "active",
    "referrer": [{"kind": "metric", "metric": "points", "quantity": 200}],
    "friend": [{"kind": "metric", "metric": "points", "quantity": 100}],
    "share": None,
    "completion": "first_order",
    "minOrder": "20.00",
    "holdDays": 0,
    "limits": {"perMonth": 20},
    "mission": None,
}


@pytest.fixture
def section():
    return programme.sections()["referral"]


def read(section, **said):
    return msgspec.convert({**WRITTEN, **said}, section.shape)


class TestRefuses:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"hold_days": -1}, "holdDays"),
            ({"hold_days": 366}, "holdDays"),
            ({"per_month": 0}, "perMonth"),
            ({"min_order": Decimal(-1)}, "minOrder"),
            ({"min_order": Decimal("1.001")}, "minOrder"),
            ({"referrer": [{"kind": "wish"}]}, "referrer.0.kind"),
            ({"friend": [{"kind": "metric", "metric": "stars", "quantity": 1}]}, "friend.0.metric"),
        ],
    )
    def test_what_means_nothing(self, acme, said, field):
        with pytest.raises(DomainError) as refused:
            programmes.save(business=acme, **said)

        assert refused.value.field == field
        assert not ReferralProgramme.objects.exists()

    @pytest.mark.parametrize(
        "said", [{"status": "sleeping"}, {"share": {"levels": 4}}, {"completion": "ever"}, {"colour": "red"}]
    )
    def test_in_a_document_what_nobody_knows(self, section, said):
        with pytest.raises(msgspec.ValidationError):
            read(section, **said)


class TestSection:
    def test_shows_the_defaults_of_who_has_saved_nothing(self, acme, section):
        shown = msgspec.to_builtins(section.export(acme))

        assert shown == {**WRITTEN, "minOrder": "0.00", "limits": {"perMonth": None}}

    def test_comes_out_as_it_went_in(self, acme, rival, section):
        said = read(section, status="paused", holdDays=14, completion="every_order")

        section.apply(acme, said)
        section.apply(acme, said)

        assert section.export(acme) == said
        assert rules.current(rival).status == "active"
        assert ReferralProgramme.objects.count() == 1

    def test_names_the_path_of_a_benefit_that_is_none(self, section):
        part = read(section, friend=[{"kind": "metric", "quantity": 0}], referrer=[{"kind": "wish"}])

        found = {problem.path for problem in section.check(part, {})}

        assert found == {"referral.referrer.0.kind", "referral.friend.0"}

    def test_names_a_metric_that_the_document_has_not(self, acme, section):
        part = read(section, friend=[{"kind": "metric", "metric": "stars", "quantity": 1}])
        document = {"metrics": list(Metric.objects.for_business(acme))}

        assert [problem.path for problem in section.check(part, document)] == ["referral.friend.0.metric"]


class TestShare:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"share_levels": [0]}, "share.levels.0"),
            ({"share_levels": [10_001]}, "share.levels.0"),
            ({"share_levels": [5000, 5001]}, "share.levels"),
            ({"share_levels": [1] * 5}, "share.levels"),
            ({"share_levels": [100], "share_quest": "gone"}, "share.mission.quest"),
            ({"share_levels": [100], "share_task": "gone"}, "share.mission.task"),
        ],
    )
    def test_that_means_nothing_is_refused(self, acme, said, field):
        with pytest.raises(DomainError) as refused:
            programmes.save(business=acme, **said)

        assert refused.value.field == field

    @pytest.mark.parametrize("levels", [[], ["10"] * 5, ["ten"], ["0.001"], [10]])
    def test_is_percents_as_text(self, section, levels):
        with pytest.raises(msgspec.ValidationError):
            read(section, share={"levels": levels})

    def test_comes_out_as_it_went_in(self, acme, section):
        said = read(section, share={"levels": ["10", "2.5", "0.01"], "mission": None})

        section.apply(acme, said)

        assert section.export(acme) == said
        assert rules.current(acme).share_levels == [1000, 250, 1]

    def test_names_a_quest_that_the_document_has_not(self, section):
        part = read(section, share={"levels": ["10"], "mission": {"quest": "gone"}})

        assert [problem.path for problem in section.check(part, {"quests": []})] == ["referral.share.mission.quest"]
