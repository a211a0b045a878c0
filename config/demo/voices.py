"""What customers of the demo say, and the programme that asks them: a document, as any merchant may keep in git."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import yaml

from advocates.models import Board, Survey
from advocates.services import ideas, responses, testimonials, votes
from advocates.services.responses import Told
from config.demo import world
from config.demo.deeds import Stage
from config.demo.world import Person
from loyalty.models import Quest
from loyalty.services import programme, proofs
from referrals.services import codes

PROGRAMME = Path(__file__).with_name("programme.yaml")
PRAISE = (
    (5, "The best part of my morning", "Fresh beans every other week, and never a late parcel."),
    (4, "Good coffee, friendly people", "I would love a smaller bag for trying things."),
    (5, "Tree planted!", "I spent my points on a coffee tree. What an idea."),
)
WISHES = (
    ("Decaf from Peru", "For those of us who sleep badly.", "planned", "Samples are on their way. Autumn, we hope."),
    ("Smaller bags", "A hundred grams, to try three kinds at once.", "open", ""),
    ("Bring your own tin", "A discount for whoever brings one.", "shipped", "From today, in all three cafés."),
)
ANSWERS = (
    (10, "The coffee tree"),
    (9, ""),
    (9, "Always on time"),
    (7, "Postage"),
    (10, ""),
    (3, "My parcel was late"),
)


def tell(stage: Stage, people: list[Person]) -> None:
    """Let some of the people speak, at the end of the story."""
    business = stage.business
    document = yaml.safe_load(PROGRAMME.read_text(encoding="utf-8"))
    programme.apply(business=business, document=programme.parsed(document), author=world.OWNER_EMAIL)
    speakers = [stage.ids[person] for person in people if person in stage.ids]
    _praise(stage, speakers)
    _wish(stage, speakers)
    survey = Survey.objects.for_business(business).get(key="service")
    for speaker, (score, why) in zip(speakers, ANSWERS, strict=False):
        told = [Told("recommend", score), *([Told("why", why)] if why else [])]
        responses.answer(business=business, survey_id=survey.pk, advocate_id=speaker, answers=told)
    codes.create(business=business, advocate_id=speakers[0])
    _hand_in(stage, speakers[1])


def _praise(stage: Stage, speakers: Sequence[UUID]) -> None:
    """The first one waits in the operator's queue."""
    for speaker, (rating, title, body) in zip(speakers, PRAISE, strict=False):
        said = testimonials.submit(
            business=stage.business, advocate_id=speaker, rating=rating, title=title, body=body, consent=True
        )
        if speaker != speakers[0]:
            approved = said.Status.APPROVED
            testimonials.decide(business=stage.business, testimonial_id=said.pk, status=approved, by=world.OWNER_EMAIL)


def _wish(stage: Stage, speakers: Sequence[UUID]) -> None:
    business = stage.business
    board = Board.objects.for_business(business).get(key="wishes")
    for number, (title, body, status, response) in enumerate(WISHES):
        idea = ideas.submit(business=business, board_id=board.pk, advocate_id=speakers[number], title=title, body=body)
        for voter in speakers[number + 3 : 12 - number]:
            votes.cast(business=business, idea_id=idea.pk, advocate_id=voter)
        if status != "open":
            ideas.decide(business=business, idea_id=idea.pk, by=world.OWNER_EMAIL, status=status, response=response)


def _hand_in(stage: Stage, speaker: UUID) -> None:
    """A proof waits in the operator's queue."""
    quest = Quest.objects.for_business(stage.business).select_related("current").get(key="friends")
    picture = quest.current.tasks.get(key="picture")
    proofs.submit(
        business=stage.business,
        quest_id=quest.pk,
        task_id=picture.pk,
        account_id=speaker,
        link="https://pictures.example/first-cup",
    )
