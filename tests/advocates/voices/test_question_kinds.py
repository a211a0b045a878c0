"""Every kind of question: what answers it accepts, and what they come to."""

import pytest

from advocates.models import Question
from advocates.services.kinds.questions import KINDS, kind_of
from advocates.services.kinds.questions.base import percent
from loyalty.kernel.errors import Invalid

OPTIONS = ["Espresso", "Filter", "Tea"]

QUESTIONS = {
    "nps": Question(kind="nps"),
    "csat": Question(kind="csat"),
    "one": Question(kind="choice", options=OPTIONS),
    "some": Question(kind="choice", options=OPTIONS, multiple=True),
    "text": Question(kind="text"),
}

ACCEPTED = [
    ("nps", 0),
    ("nps", 10),
    ("csat", 1),
    ("csat", 5),
    ("one", "Tea"),
    ("some", ["Tea"]),
    ("some", ["Espresso", "Tea"]),
    ("text", "Because."),
    ("text", "x" * 5000),
]

REFUSED = [
    *[("nps", said) for said in (-1, 11, True, "9", [9], "")],
    *[("csat", said) for said in (0, 6, True, "5", [5])],
    *[("one", said) for said in ("Milk", "", 1, ["Tea"], "tea")],
    *[("some", said) for said in ([], ["Milk"], ["Tea", "Tea"], "Tea", 1)],
    *[("text", said) for said in ("", "  \n", "x" * 5001, 5, ["Because."])],
]

RESULTS = [
    ("nps", {}, None),
    ("nps", {"9": 1}, 100),
    ("nps", {"6": 1}, -100),
    ("nps", {"7": 5, "8": 5}, 0),
    ("nps", {"10": 2, "7": 1}, 67),
    ("nps", {"0": 2, "7": 1}, -67),
    ("nps", {"10": 1, "8": 7}, 13),  # 12.5
    ("nps", {"0": 1, "8": 7}, -12),  # -12.5
    ("csat", {}, None),
    ("csat", {"5": 1, "4": 1, "3": 1}, 67),
    ("csat", {"1": 2, "3": 1}, 0),
    ("csat", {"5": 1, "1": 7}, 13),  # 12.5
    ("one", {"Tea": 3}, None),
    ("some", {"Tea": 3, "Filter": 3}, None),
    ("text", {}, None),
]


def read(name, said):
    question = QUESTIONS[name]
    return kind_of(question.kind).read(question, said, field="answers.0.answer")


def result_of(name, counts):
    question = QUESTIONS[name]
    return kind_of(question.kind).result(question, answers=sum(counts.values()), counts=counts)


@pytest.mark.parametrize(("name", "said"), REFUSED)
def test_refuses_what_is_no_answer(name, said):
    with pytest.raises(Invalid) as refused:
        read(name, said)

    assert refused.value.field == "answers.0.answer"


@pytest.mark.parametrize(("name", "said"), ACCEPTED)
def test_spells_an_answer_as_it_was_said(name, said):
    question = QUESTIONS[name]

    assert kind_of(question.kind).spell(question, read(name, said)) == said


@pytest.mark.parametrize(("name", "counts", "score"), RESULTS)
def test_comes_to_its_score(name, counts, score):
    result = result_of(name, counts)

    assert (result.score, result.answers) == (score, sum(counts.values()))


def test_several_are_kept_in_the_order_of_the_options():
    assert read("some", ["Tea", "Espresso"]).codes == ["Espresso", "Tea"]


def test_counts_zeros_and_what_is_no_option_any_more():
    assert result_of("one", {"Tea": 2, "Milk": 1}).counts == {"Espresso": 0, "Filter": 0, "Tea": 2, "Milk": 1}


@pytest.mark.parametrize("options", [[], ["Tea"], ["Tea", "Tea"], ["Tea", ""], [str(number) for number in range(51)]])
def test_a_choice_needs_options(options):
    with pytest.raises(Invalid):
        kind_of("choice").check(Question(kind="choice", options=options), field="questions.0.options")


@pytest.mark.parametrize("kind", ["nps", "csat", "text"])
@pytest.mark.parametrize("extra", [{"options": OPTIONS}, {"multiple": True}])
def test_others_have_none(kind, extra):
    with pytest.raises(Invalid):
        kind_of(kind).check(Question(kind=kind, **extra), field="questions.0.options")


def test_there_is_no_other_kind():
    with pytest.raises(Invalid):
        kind_of("stars")


@pytest.mark.parametrize("table", [ACCEPTED, REFUSED, RESULTS])
def test_every_kind_has_its_examples(table):
    assert {QUESTIONS[row[0]].kind for row in table} == set(KINDS)


def test_scores_stay_whole_and_in_range_whatever_the_numbers():
    for whole in range(1, 40):
        shares = [percent(part, whole) for part in range(-whole, whole + 1)]
        assert shares == sorted(shares)
        assert (shares[0], shares[whole], shares[-1]) == (-100, 0, 100)
        assert all(isinstance(share, int) for share in shares)
