"""What people said is exported, erased, and goes with them when two turn out to be one."""

from io import StringIO

import pytest
from django.core.management import call_command

from advocates.models import Idea, Response, Vote
from advocates.services import holders, ideas, responses, surveys, testimonials, votes
from advocates.services.responses import Told
from loyalty.services import personal_data, verification
from tests.advocates.voices.conftest import NPS, WHY

SAID = [holder for holder in holders.ALL if holder.name not in {"orders", "orderLines", "refunds"}]

pytestmark = pytest.mark.django_db

MARK = "zzmark7q"


@pytest.fixture
def spoken(acme, ada, bob, praise, suggest, survey):
    """Ada has left the mark in every text there is; Bob has said something, too."""
    links = [f"https://{MARK}.example.com"]
    for person, mark in ((ada, MARK), (bob, "Bob")):
        testimonial = praise(by=person, title=mark, body=mark, source=mark, media=links if person == ada else [])
        testimonials.decide(
            business=acme, testimonial_id=testimonial.pk, status="approved", reason=mark, by="olga@acme.example"
        )
        idea = suggest(by=person, title=mark, body=mark)
        ideas.decide(business=acme, idea_id=idea.pk, status="planned", response=mark, by="olga@acme.example")
        told = [Told("recommend", 9), Told("why", mark)]
        responses.answer(business=acme, survey_id=survey.pk, advocate_id=person.pk, answers=told)
    return ada


def dump():
    out = StringIO()
    call_command("dumpdata", "advocates", "loyalty.event", stdout=out)
    return out.getvalue()


def move(business, source, target):
    return {holder.name: holder.move(business, source.pk, target.pk, None) for holder in SAID}


def move_back(business, source, target, moved):
    for holder in SAID:
        holder.move(business, target.pk, source.pk, moved[holder.name])


def test_every_holder_is_registered():
    assert set(holders.ALL) <= set(personal_data.holders())


def test_export_shows_all_that_was_said(acme, spoken, bob):
    shown = {holder.name: holder.export(acme, spoken.pk) for holder in SAID}

    assert all(shown.values())
    assert str(shown).count(MARK) == 10
    assert "Bob" not in str(shown)


def test_erasure_leaves_no_word_and_every_number(acme, spoken, api):
    before = api.get("/surveys").json()["surveys"][0]["score"]
    assert MARK in dump()

    for holder in SAID:
        holder.erase(acme, [spoken.pk])

    assert MARK not in dump()
    assert "Bob" in dump()
    assert api.get("/surveys").json()["surveys"][0]["score"] == before
    assert verification.verify() == []
    assert api.get("/testimonials", advocateId=str(spoken.pk)).json()["testimonials"][0]["status"] == "withdrawn"


def test_erasure_touches_no_other_business(rival, spoken):
    for holder in SAID:
        holder.erase(rival, [spoken.pk])

    assert MARK in dump()


def test_a_merge_moves_everything_and_back(acme, ada, bob, spoken, suggest):
    carla_votes = suggest(by=bob)
    moved = move(acme, ada, bob)
    assert [len(moved[holder.name]) for holder in SAID[:3]] == [1, 1, 1]
    assert Vote.objects.filter(advocate_id=ada.pk).count() == 0
    assert Idea.objects.filter(advocate_id=ada.pk).count() == 0

    move_back(acme, ada, bob, moved)

    assert Vote.objects.filter(advocate_id=ada.pk).count() == 1
    assert Idea.objects.get(pk=carla_votes.pk).advocate_id == bob.pk
    assert verification.verify() == []


def test_a_merge_leaves_a_vote_that_both_gave(acme, ada, bob, oat_milk):
    votes.cast(business=acme, idea_id=oat_milk.pk, advocate_id=bob.pk)

    assert move(acme, bob, ada)["votes"] == []
    assert verification.verify() == []


def test_a_merge_numbers_repeated_answers_on_and_back(acme, ada, bob):
    daily = surveys.create(business=acme, title="Today?", questions=[NPS], repeatable=True)
    once = surveys.create(business=acme, title="Ever?", questions=[WHY, NPS])
    for person in (ada, ada, bob):
        told = [Told("recommend", 9)]
        responses.answer(business=acme, survey_id=daily.pk, advocate_id=person.pk, answers=told)
    for person in (ada, bob):
        told = [Told("recommend", 9)]
        responses.answer(business=acme, survey_id=once.pk, advocate_id=person.pk, answers=told)

    moved = move(acme, ada, bob)

    mine = Response.objects.filter(advocate_id=bob.pk)
    assert sorted(mine.filter(survey=daily).values_list("number", flat=True)) == [1, 2, 3]
    assert mine.filter(survey=once).count() == 1

    move_back(acme, ada, bob, moved)
    theirs = Response.objects.filter(advocate_id=ada.pk, survey=daily)
    assert sorted(theirs.values_list("number", flat=True)) == [1, 2]
