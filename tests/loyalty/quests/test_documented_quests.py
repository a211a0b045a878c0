"""docs/rules/quests.md: every table of it is worked out here."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Business, QuestCompletion, TaskCompletion, TaskProgress
from loyalty.services import actions, completions
from loyalty.services.kinds.tasks import KINDS
from loyalty.services.quest_rules import Sum
from loyalty.services.reports import Report
from tests.loyalty.quests.conftest import do, step

PAGE = (Path(__file__).resolve().parents[3] / "docs/rules/quests.md").read_text(encoding="utf-8")
TABLES = [
    [[cell.strip() for cell in row.strip("|").split("|")] for row in table.strip().splitlines()]
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
]
BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
YES = {"yes": True, "no": False}


def rows(*heading):
    """The rows under a heading that begins so."""
    (found,) = [table[2:] for table in TABLES if table[0][: len(heading)] == list(heading)]
    return pytest.mark.parametrize("row", found, ids=" ".join)


def moment(words, zone=UTC):
    """`1 May 09:00` of 2026, or `1 Jan 2027 09:00`."""
    day, month, *year, time = words.split()
    return datetime.strptime(f"{day} {month} {(year or ['2026'])[0]} {time}", "%d %b %Y %H:%M").replace(tzinfo=zone)


def events(cell):
    """When, and how many kilometres."""
    for part in cell.split(", "):
        when, _, km = part.partition(" km ")
        yield moment(when), {"km": float(km)} if km else {}


def plain(code):
    return code.strip("`")


def measure(code):
    name, _, field = plain(code).partition(": ")
    return Sum(sum=field) if field else name


def tell(person, name="ride", *, at, **data):
    report = Report(account_id=person.pk, name=name, data=data, origin="server")
    with clock.moved_to(at):
        return actions.take(report, business=person.business)


def counting(**said):
    return step("Ride", type="event", trigger="ride", **{"target": 99, **said})


def value_of(person):
    value = TaskProgress.objects.get(account_id=person.pk).value
    return f"{Decimal(value).normalize():f}"


@pytest.fixture
def ada(acme):
    """She joined before anything on the page."""
    with clock.moved_to(NEW_YEAR):
        return advocates.create(business=acme, email="ada@example.com")


@pytest.fixture
def in_berlin(acme):
    Business.objects.filter(pk=acme.pk).update(timezone="Europe/Berlin")
    acme.refresh_from_db()
    return acme


def moves_to(person, zone, *, at=NEW_YEAR):
    with clock.moved_to(at):
        advocates.update(business=person.business, advocate_id=person.pk, timezone=zone)


@rows("`measure`", "`oncePerDay`")
def test_counts_as_it_says(quest, ada, row):
    what, once, happened, counted = row
    quest(counting(measure=measure(what), once_per_day=YES[once]))

    after = [tell(ada, at=at, **data) and value_of(ada) for at, data in events(happened)]

    assert ", ".join(after) == counted


@rows("`zone`", "person's")
def test_counts_in_the_zone_that_it_says(quest, in_berlin, ada, row):
    whose, zone, what, happened, counted = row
    moves_to(ada, "" if zone == "none" else zone)
    quest(counting(measure=measure(what)), zone=plain(whose))

    after = [tell(ada, at=at) and value_of(ada) for at, _ in events(happened)]

    assert ", ".join(after) == counted


def test_counts_nothing_twice_for_who_moves(quest, ada):
    (table,) = [table[2:] for table in TABLES if table[0][0] == "UTC"]
    quest(counting(measure="days"), zone="user")

    for when, zone, day, counted in table:
        at = moment(when)
        moves_to(ada, zone, at=at)
        tell(ada, at=at)

        assert (f"{at.astimezone(ZoneInfo(zone)):%-d %b}", value_of(ada)) == (day, counted)


@rows("`recurrence`")
def test_begins_again_when_it_says(quest, in_berlin, ada, row):
    recurrence, when, period = row
    quest(counting(target=1), recurrence=plain(recurrence))

    for _ in range(2):
        tell(ada, at=moment(when, BERLIN))

    assert QuestCompletion.objects.get().period == ("" if period == "for ever" else period)


@rows("at most once a")
def test_counts_once_a_period(quest, in_berlin, ada, row):
    _, recurrence, happened, paid = row
    quest(counting(target=1), recurrence=plain(recurrence), reward=10)

    given = [tell(ada, at=moment(when, BERLIN)).points for when in happened.split(", ")]

    assert ", ".join(map(str, given)) == paid


@rows("`required`", "`ordered`")
def test_is_complete_when_it_says(quest, ada, row):
    required, ordered, happened, done, last = row
    steps = [step(name, key=name.lower(), type="event", trigger=f"did-{name.lower()}") for name in "ABC"]
    number = plain(required)
    quest(*steps, ordered=YES[ordered], required=number if number == "all" else int(number))

    for name in happened.split(", "):
        tell(ada, f"did-{name.lower()}", at=moment("1 May 12:00"))

    tasks = TaskCompletion.objects.order_by("pk")
    assert ", ".join(task.task_key.upper() for task in tasks) == done
    assert QuestCompletion.objects.get().last_task.task_key.upper() == last


@rows("`taskBenefits`", "`autoClaim`")
def test_pays_what_it_says(acme, quest, ada, row):
    task_benefits, auto_claim, first, last, claimed = row
    made = quest(
        *(step("Say hello", points=5), step("Sing", points=7)),
        reward=50,
        task_benefits=YES[task_benefits],
        auto_claim=YES[auto_claim],
    )

    paid = [str(do(made, ada, number).points) for number in (0, 1)]

    assert paid == [first, last]
    assert claim(acme, made, ada) == claimed


def claim(business, made, person):
    paid = []
    for task in made.current.tasks.order_by("position"):
        with suppress(completions.NothingToClaim):
            paid.append(completions.claim(business=business, task_id=task.pk, account_id=person.pk))
    return str(sum(paid)) if paid else "nothing waits"


def test_tells_of_every_type_that_is_done_by_itself():
    (table,) = [table[2:] for table in TABLES if table[0][0] == "type"]
    by_itself = [type for type, kind in KINDS.items() if kind.BY_CALL and type not in ("manual", "proof")]

    assert sorted(plain(type) for type, _ in table) == sorted(by_itself)


def test_the_page_has_its_tables():
    """The control: they are found."""
    assert [len(table) - 2 for table in TABLES] == [10, 4, 6, 5, 10, 4, 5, 4]
