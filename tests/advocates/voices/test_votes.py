"""One vote a person, counted right however many vote at once, and what is voted for lately trends."""

import time
from datetime import timedelta

import pytest

from advocates.models import Idea, Vote
from advocates.services import advocates, boards, ideas, votes
from loyalty.kernel import clock
from loyalty.services import accounts, businesses, verification
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(oat_milk):
    return f"/feedback/ideas/{oat_milk.pk}/vote"


def cast(idea, voter):
    return votes.cast(business=idea.business, idea_id=idea.pk, advocate_id=voter.pk)


class TestRefuses:
    def test_a_second_vote(self, api, path, ada):
        assert_refused(api.post(path, {"advocateId": str(ada.pk)}), "CONFLICT", "advocateId", status=409)

    def test_somebody_of_another_business(self, api, path, eve):
        assert_refused(api.post(path, {"advocateId": str(eve.pk)}), "NOT_FOUND", "advocateId", status=404)

    def test_an_idea_of_another_business(self, rival_api, path, eve):
        assert_refused(rival_api.post(path, {"advocateId": str(eve.pk)}), "NOT_FOUND", None, status=404)

    def test_somebody_who_is_blocked(self, api, acme, path, bob):
        accounts.set_blocked(business=acme, account_id=bob.pk, blocked=True)

        assert_refused(api.post(path, {"advocateId": str(bob.pk)}), "CONFLICT", "advocateId", status=409)

    @pytest.mark.parametrize("status", ["shipped", "declined"])
    def test_when_it_is_decided(self, api, acme, path, oat_milk, bob, status):
        ideas.decide(business=acme, idea_id=oat_milk.pk, status=status, by="Olga")

        assert_refused(api.post(path, {"advocateId": str(bob.pk)}), "CONFLICT", None, status=409)
        assert Vote.objects.count() == 1

    def test_on_an_archived_board(self, api, acme, board, path, bob):
        boards.set_archived(business=acme, board_id=board.pk, archived=True)

        assert_refused(api.post(path, {"advocateId": str(bob.pk)}), "CONFLICT", None, status=409)

    def test_to_take_back_what_was_not_given(self, api, path, bob):
        assert_refused(api.delete(f"{path}?advocateId={bob.pk}"), "NOT_FOUND", None, status=404)

    def test_to_take_back_nobodys(self, api, path):
        assert_refused(api.delete(path), "VALIDATION_ERROR", "advocateId")

    def test_to_take_back_for_another_business(self, rival_api, path, ada):
        assert_refused(rival_api.delete(f"{path}?advocateId={ada.pk}"), "NOT_FOUND", None, status=404)
        assert Vote.objects.count() == 1


class TestVote:
    def test_counts(self, api, path, bob):
        answer = api.post(path, {"advocateId": str(bob.pk)})

        assert (answer.status_code, answer.json()["idea"]["votes"]) == (201, 2)

    def test_is_taken_back_and_given_again(self, api, path, bob):
        api.post(path, {"advocateId": str(bob.pk)})

        taken = api.delete(f"{path}?advocateId={bob.pk}")
        given = api.post(path, {"advocateId": str(bob.pk)})

        assert (taken.status_code, taken.json()["idea"]["votes"]) == (200, 1)
        assert given.json()["idea"]["votes"] == 2

    def test_of_the_author_is_taken_back_too(self, api, path, ada):
        assert api.delete(f"{path}?advocateId={ada.pk}").json()["idea"]["votes"] == 0


def count_by_hand(business, idea_id):
    """How votes are lost: between the look and the change somebody else looks, too."""
    idea = Idea.objects.get(pk=idea_id)
    time.sleep(0.05)
    Idea.objects.filter(pk=idea_id).update(votes=idea.votes + 1, recent_votes=idea.recent_votes + 1)


@pytest.mark.django_db(transaction=True)
class TestFiftyAtOnce:
    def test_are_all_counted(self, oat_milk, crowd):
        assert errors(at_once(50, lambda number: cast(oat_milk, crowd[number]))) == []

        oat_milk.refresh_from_db()
        assert oat_milk.votes == oat_milk.recent_votes == Vote.objects.count() == 51

    @pytest.mark.breaks_the_books
    def test_are_lost_when_counted_by_hand(self, oat_milk, crowd, monkeypatch):
        monkeypatch.setattr(votes, "_count", count_by_hand)

        at_once(50, lambda number: cast(oat_milk, crowd[number]))

        oat_milk.refresh_from_db()
        assert oat_milk.votes < 51
        assert {finding.check for finding in verification.verify()} == {
            "an idea has as many votes as it counts, and as many recent ones"
        }

    def test_of_one_person_are_one(self, oat_milk, bob):
        results = at_once(50, lambda _: cast(oat_milk, bob))

        assert sum(isinstance(result, Idea) for result in results) == 1
        assert {type(error) for error in errors(results)} == {votes.AlreadyVoted}
        oat_milk.refresh_from_db()
        assert oat_milk.votes == 2

    def test_take_one_back_once(self, acme, oat_milk, ada):
        results = at_once(20, lambda _: votes.take_back(business=acme, idea_id=oat_milk.pk, advocate_id=ada.pk))

        assert len(errors(results)) == 19
        oat_milk.refresh_from_db()
        assert oat_milk.votes == 0

    def test_come_and_go_and_grow_old_and_the_count_stays_right(self, acme, oat_milk, crowd):
        later = clock.wall() + votes.RECENT

        def work(number):
            cast(oat_milk, crowd[number])
            with clock.moved_to(later + timedelta(minutes=1)):
                votes.settle()
            if number % 2:
                votes.take_back(business=acme, idea_id=oat_milk.pk, advocate_id=crowd[number].pk)

        assert errors(at_once(50, work)) == []
        oat_milk.refresh_from_db()
        assert oat_milk.votes == Vote.objects.count() == 26


class TestTrend:
    def test_lasts_seven_days(self, acme, oat_milk):
        given = Vote.objects.get().created_at
        for age, recent in ((votes.RECENT - timedelta(seconds=1), 1), (votes.RECENT, 0)):
            with clock.moved_to(given + age):
                votes.settle()
            oat_milk.refresh_from_db()
            assert (oat_milk.votes, oat_milk.recent_votes) == (1, recent)

    def test_ends_by_the_clock_of_its_business(self, acme, oat_milk):
        sandbox = acme.sandbox
        ada = advocates.create(business=sandbox, email="ada@example.com")
        board = boards.create(business=sandbox, title="Ideas")
        ideas.submit(business=sandbox, board_id=board.pk, advocate_id=ada.pk, title="Oat milk")
        assert votes.settle() == 0

        businesses.move_clock(business=sandbox, to=clock.now(sandbox) + votes.RECENT)

        assert (votes.settle(), votes.settle()) == (1, 0)
        oat_milk.refresh_from_db()
        assert oat_milk.recent_votes == 1

    def test_counts_down_by_a_recent_vote_that_is_taken_back_and_not_by_an_old_one(self, acme, oat_milk, ada, bob):
        with clock.moved_to(clock.wall() + votes.RECENT):
            votes.settle()
        cast(oat_milk, bob)

        for voter, recent in ((ada, 1), (bob, 0)):
            idea = votes.take_back(business=acme, idea_id=oat_milk.pk, advocate_id=voter.pk)
            assert idea.recent_votes == recent
