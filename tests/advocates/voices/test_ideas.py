"""Boards take ideas, ideas are listed in three orders, and business answers them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Board, Idea, IdeaDecision
from advocates.services import boards, ideas, votes
from loyalty.models import Event
from loyalty.services import accounts
from tests.races import at_once
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def titles(answer):
    return [idea["title"] for idea in answer.json()["ideas"]]


def hearers(acme, idea):
    moved = Event.objects.for_business(acme).filter(topic="ideas/status_changed", facts__ideaId=str(idea.pk))
    return {event.account_id: event.facts for event in moved}


class TestBoards:
    @pytest.mark.parametrize(
        ("field", "value"), [("title", ""), ("title", "x" * 201), ("description", "x" * 5001), ("key", "No Key")]
    )
    def test_refuse_what_makes_no_sense(self, api, field, value):
        refused = api.post("/feedback/boards", {"title": "Ideas", field: value})

        assert_refused(refused, "VALIDATION_ERROR", field)

    def test_refuse_a_key_that_is_taken(self, api, board):
        refused = api.post("/feedback/boards", {"title": "More", "key": board.key})

        assert_refused(refused, "CONFLICT", "key", status=409)

    def test_get_a_key_from_their_title(self, api, board):
        shown = api.post("/feedback/boards", {"title": board.title, "description": "Say it"})

        board = shown.json()["board"]
        assert shown.status_code == 201
        assert board == {
            **{key: board[key] for key in ("id", "createdAt")},
            "key": "ideas-for-our-shops-2",
            "title": "Ideas for our shops",
            "description": "Say it",
            "ideas": 0,
        }

    def test_are_listed_with_how_many_ideas_they_have(self, api, rival_api, acme, board, oat_milk):
        gone = boards.create(business=acme, title="Last year")
        boards.set_archived(business=acme, board_id=gone.pk, archived=True)

        listed = api.get("/feedback/boards").json()
        assert [(row["title"], row["ideas"]) for row in listed["boards"]] == [(board.title, 1)]
        assert rival_api.get("/feedback/boards").json() == {"boards": [], "nextCursor": None}


class TestSubmit:
    @pytest.mark.parametrize(("field", "value"), [("title", ""), ("body", "x" * 5001), ("advocateId", "ada")])
    def test_refuses_what_makes_no_sense(self, api, board, ada, field, value):
        idea = {"advocateId": str(ada.pk), "title": "Oat milk", field: value}

        assert_refused(api.post(f"/feedback/boards/{board.pk}/ideas", idea), "VALIDATION_ERROR", field)

    def test_refuses_somebody_of_another_business(self, api, board, eve):
        refused = api.post(f"/feedback/boards/{board.pk}/ideas", {"advocateId": str(eve.pk), "title": "Tea"})

        assert_refused(refused, "NOT_FOUND", "advocateId", status=404)

    def test_refuses_a_board_of_another_business(self, rival_api, board, eve):
        refused = rival_api.post(f"/feedback/boards/{board.pk}/ideas", {"advocateId": str(eve.pk), "title": "Tea"})

        assert_refused(refused, "NOT_FOUND", None, status=404)
        assert not Idea.objects.exists()

    def test_refuses_an_archived_board(self, api, acme, board, ada):
        boards.set_archived(business=acme, board_id=board.pk, archived=True)

        refused = api.post(f"/feedback/boards/{board.pk}/ideas", {"advocateId": str(ada.pk), "title": "Tea"})

        assert_refused(refused, "CONFLICT", None, status=409)
        assert not Idea.objects.exists()

    def test_answers_the_idea_with_its_authors_vote(self, api, board, ada):
        idea = {"advocateId": str(ada.pk), "title": "Oat milk", "body": "Please."}

        answer = api.post(f"/feedback/boards/{board.pk}/ideas", idea)

        shown = answer.json()["idea"]
        assert answer.status_code == 201
        assert shown == {
            **idea,
            **{key: shown[key] for key in ("id", "createdAt", "updatedAt")},
            "boardId": str(board.pk),
            "status": "open",
            "votes": 1,
            "response": None,
        }

    @pytest.mark.django_db(transaction=True)
    def test_counts_every_one_of_fifty_at_once(self, board, crowd):
        at_once(
            50,
            lambda n: ideas.submit(
                business=board.business, board_id=board.pk, advocate_id=crowd[n].pk, title=f"Idea {n}"
            ),
        )

        board.refresh_from_db()
        assert board.idea_count == Idea.objects.count() == 50


class TestList:
    @pytest.fixture
    def three(self, acme, suggest, ada, bob):
        """Old has two votes, both old; Hot has two, both new; New has one."""
        old, hot, new = (suggest(title=title) for title in ("Old", "Hot", "New"))
        votes.cast(business=acme, idea_id=old.pk, advocate_id=bob.pk)
        votes.cast(business=acme, idea_id=hot.pk, advocate_id=bob.pk)
        Idea.objects.filter(pk=old.pk).update(recent_votes=0)
        votes.Vote.objects.filter(idea=old).update(is_recent=False)
        return old, hot, new

    @pytest.mark.parametrize(("name", "value"), [("sort", "best"), ("status", "gone"), ("page", "0")])
    def test_refuses_what_makes_no_sense(self, api, board, name, value):
        refused = api.get(f"/feedback/boards/{board.pk}/ideas", **{name: value})

        assert_refused(refused, "VALIDATION_ERROR", name)

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            ("top", ["Hot", "Old", "New"]),
            ("new", ["New", "Hot", "Old"]),
            ("trending", ["Hot", "New", "Old"]),
        ],
    )
    def test_is_in_the_order_that_is_asked_for(self, api, board, three, sort, expected):
        answer = api.get(f"/feedback/boards/{board.pk}/ideas", sort=sort)

        assert titles(answer) == expected
        assert answer.json()["total"] == 3

    @pytest.mark.parametrize("sort", ["top", "new", "trending"])
    def test_goes_on_where_the_page_ended(self, api, board, three, sort):
        path, seen, cursor = f"/feedback/boards/{board.pk}/ideas", [], {}
        whole = titles(api.get(path, sort=sort))
        for _ in range(3):
            page = api.get(path, sort=sort, limit=1, **cursor)
            seen += titles(page)
            cursor = {"cursor": page.json()["nextCursor"]}

        assert (seen, cursor["cursor"]) == (whole, None)

    def test_finds_by_status(self, api, acme, board, three):
        ideas.decide(business=acme, idea_id=three[2].pk, status="planned", by="Olga")

        assert titles(api.get(f"/feedback/boards/{board.pk}/ideas", status="planned")) == ["New"]

    def test_is_of_one_board(self, api, acme, three):
        other = boards.create(business=acme, title="Other")

        assert titles(api.get(f"/feedback/boards/{other.pk}/ideas")) == []

    def test_costs_the_same_for_many(self, api, board, suggest):
        def asked():
            with CaptureQueriesContext(connection) as queries:
                api.get(f"/feedback/boards/{board.pk}/ideas", limit=100)
            return len(queries)

        suggest()
        asked()
        few = asked()
        for number in range(20):
            suggest(title=f"Idea {number}")

        assert asked() == few


class TestDecide:
    @pytest.mark.parametrize("body", [{}, {"status": "done"}, {"status": None}, {"response": 5}])
    def test_refuses_what_makes_no_sense(self, api, oat_milk, body):
        assert api.patch(f"/feedback/ideas/{oat_milk.pk}", body).status_code == 400

    def test_refuses_an_idea_of_another_business(self, rival_api, oat_milk):
        refused = rival_api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "planned"})

        assert_refused(refused, "NOT_FOUND", None, status=404)

    def test_answers_the_idea(self, api, oat_milk):
        answer = api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "planned", "response": "From May on."})

        shown = answer.json()["idea"]
        assert (shown["status"], shown["response"]) == ("planned", "From May on.")

    def test_keeps_what_is_not_said(self, api, oat_milk):
        api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "planned", "response": "From May on."})

        shown = api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "shipped"}).json()["idea"]
        assert (shown["status"], shown["response"]) == ("shipped", "From May on.")

    def test_is_history_with_who_and_which_words(self, api, acme, oat_milk):
        api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "planned", "response": "From May on."})
        api.patch(f"/feedback/ideas/{oat_milk.pk}", {"response": "From June on."})

        steps = IdeaDecision.objects.for_business(acme).order_by("at")
        assert list(steps.values_list("was", "became", "response", "by")) == [
            ("open", "planned", "From May on.", "test"),
            ("planned", "planned", "From June on.", "test"),
        ]

    def test_tells_the_author_and_every_voter(self, api, acme, oat_milk, ada, bob):
        votes.cast(business=acme, idea_id=oat_milk.pk, advocate_id=bob.pk)

        api.patch(f"/feedback/ideas/{oat_milk.pk}", {"status": "shipped"})

        told = hearers(acme, oat_milk)
        assert {who: facts["isAuthor"] for who, facts in told.items()} == {ada.pk: True, bob.pk: False}
        assert told[bob.pk] == {
            "ideaId": str(oat_milk.pk),
            "boardId": str(oat_milk.board_id),
            "status": "shipped",
            "previousStatus": "open",
            "votes": 2,
            "isAuthor": False,
        }

    def test_tells_an_author_who_took_their_vote_back(self, acme, oat_milk, ada):
        votes.take_back(business=acme, idea_id=oat_milk.pk, advocate_id=ada.pk)

        ideas.decide(business=acme, idea_id=oat_milk.pk, status="planned", by="Olga")

        assert set(hearers(acme, oat_milk)) == {ada.pk}

    def test_tells_nobody_who_is_blocked(self, acme, oat_milk, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        ideas.decide(business=acme, idea_id=oat_milk.pk, status="planned", by="Olga")

        assert hearers(acme, oat_milk) == {}

    @pytest.mark.parametrize("said", [{"status": "open"}, {"response": "We think about it."}])
    def test_tells_nobody_of_the_same_status(self, acme, oat_milk, said):
        ideas.decide(business=acme, idea_id=oat_milk.pk, by="Olga", **said)

        assert hearers(acme, oat_milk) == {}

    @pytest.mark.django_db(transaction=True)
    def test_tells_once_when_many_decide_the_same(self, acme, oat_milk):
        at_once(20, lambda _: ideas.decide(business=acme, idea_id=oat_milk.pk, status="shipped", by="Olga"))

        moved = Event.objects.for_business(acme).filter(topic="ideas/status_changed")
        assert (moved.count(), IdeaDecision.objects.count()) == (1, 1)


class TestArchive:
    def test_of_a_board_of_another_business_is_refused(self, rival, board):
        with pytest.raises(boards.NotFound):
            boards.set_archived(business=rival, board_id=board.pk, archived=True)

    def test_is_taken_back(self, acme, board, suggest):
        for archived in (True, False):
            boards.set_archived(business=acme, board_id=board.pk, archived=archived)

        suggest()
        assert Board.objects.get().idea_count == 1
