"""Workers are killed while they make and send a large order: cards, codes, money and messages are there once.

SIGKILL comes at random moments, which KILL_SEED (printed) chooses again. The promise is for an order of 2,000 cards:
KILLED_CARDS=2000 makes it so many here, and `make chaos` with whole Celery workers.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal

import pytest

from loyalty.models import Event
from rewards.models import Code, GiftCard, GiftOrder
from rewards.services import codes, gift_orders, gift_products
from rewards.services.gift_lines import Asked
from tests.rewards.gifts import mailbox as mailboxes
from tests.rewards.gifts.conftest import available, fund
from tests.workers import database_url

pytestmark = [pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

CARDS = int(os.environ.get("KILLED_CARDS", "300"))
SEED = int(os.environ.get("KILL_SEED") or time.time())
KILLS = max(3, CARDS // 200)  # while cards are made, and as many while they are sent
CREW = 2  # workers at a time, who die together
FEW = 100  # cards of a control
MISSING = 5  # codes that were not uploaded
# Forks a worker for every line that it reads, as Celery does: most of a worker's life would be its start otherwise.
WORKERS = """
import os, signal, sys, time, django
django.setup()
from datetime import timedelta
from rewards.models import GiftOrder
from rewards.services import gift_cards, gift_orders, gift_sending
gift_sending.LEASE, gift_sending.ENOUGH = timedelta(seconds=2), timedelta(seconds=0.5)
gift_orders.CHUNK, gift_orders.ROUNDS = 10, 1000
exec(sys.argv[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for _ in sys.stdin:
    pid = os.fork()
    if not pid:
        os.dup2(2, 1)
        while GiftOrder.objects.filter(completed_at=None).exists():
            gift_orders.fill_waiting()
            gift_sending.send_due()
            time.sleep(0.05)
        os._exit(0)
    print(pid, flush=True)
"""
# The controls. Between a card and its code there is time to be killed in, or for somebody else.
SLOWLY = """
allocated = gift_cards._allocated
gift_cards._allocated = lambda *said: time.sleep(0.05) or allocated(*said)
from django.db.models import QuerySet
QuerySet.select_for_update = lambda self, **_: self
"""
IN_PIECES = f"{SLOWLY}\ngift_orders._fill_chunk = gift_orders._fill_chunk.__wrapped__"  # no transaction
TOGETHER = """
record, claimed, kept = gift_sending._record, gift_sending._claimed, []
gift_sending._record = lambda *said: kept.append(said)
def written_down_and_claimed():
    while kept:
        record(*kept.pop(0))
    return claimed()
gift_sending._claimed = written_down_and_claimed
"""


@pytest.fixture
def mailbox():
    with mailboxes.opened() as opened:
        yield opened


@pytest.fixture
def ordered(acme, account):
    """Order so many cards, each for somebody else; codes of every second one were uploaded, but a few are missing."""

    def place(cards):
        vault = gift_products.create(
            business=acme, key="VAULT", name="Vault", provider="vault", denominations_minor=[100]
        )
        pool = gift_products.stock(business=acme, product_id=vault.pk, value_minor=100)
        codes.add(business=acme, pool_id=pool.pk, codes=[f"CODE-{n}" for n in range(cards // 2 - MISSING)])
        fund(acme, cards * 100)
        asked = [
            Asked(("STORE-CARD", "VAULT")[n % 2], Decimal(1), email=f"guest{n}@example.com") for n in range(cards)
        ]
        gift_orders.place(business=acme, account_id=account.pk, type="DigitalDelivery", po_number="BIG", asked=asked)

    return place


def storm(mailbox, *, cards, making=0, sending=0, how=""):
    """Let workers make and send the order, and kill them so often. Answers how many died at either work."""
    print(f"KILL_SEED={SEED}")  # noqa: T201  # shown when it fails
    chance = random.Random(SEED)
    moments = {
        GiftCard.objects.count: sorted(chance.sample(range(cards), making)),
        mailbox.mails.__len__: sorted(chance.sample(range(cards - MISSING), sending)),
    }
    died, crew = Counter(), []
    with forking(how, f"smtp://127.0.0.1:{mailbox.port}") as hire:
        while GiftOrder.objects.filter(completed_at=None).exists():
            crew = crew if any(map(is_alive, crew)) else [hire() for _ in range(CREW)]
            for count, left in moments.items():
                if left and count() >= left[0]:
                    left.pop(0)
                    time.sleep(chance.uniform(0, 0.03))
                    died[GiftOrder.objects.get().status] += sum(killed(worker) for worker in crew)
            time.sleep(0.003)
    return died


@contextmanager
def forking(how, email_url):
    """Yields what starts another worker, and answers its process's id."""
    environment = os.environ | {"EMAIL_URL": email_url, "DATABASE_URL": database_url()}
    command = [sys.executable, "-c", WORKERS, how]
    parent = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )

    def hire():
        print(file=parent.stdin, flush=True)
        return int(parent.stdout.readline())

    with parent:
        try:
            yield hire
        finally:
            os.killpg(parent.pid, signal.SIGKILL)


def killed(worker):
    """Whether it was alive."""
    try:
        os.kill(worker, signal.SIGKILL)
    except ProcessLookupError:
        return False
    while is_alive(worker):
        time.sleep(0.001)
    return True


def is_alive(worker):
    try:
        os.kill(worker, 0)
    except ProcessLookupError:
        return False
    return True


class TestKilledAtRandom:
    def test_cards_codes_and_money_are_there_once_and_a_message_at_most_once_more_per_kill(
        self, acme, ordered, mailbox
    ):
        ordered(CARDS)

        died = storm(mailbox, cards=CARDS, making=KILLS, sending=KILLS)

        had = GiftCard.objects.exclude(status="Failed")
        assert died["Pending"]
        assert died["Processing"]
        assert (GiftCard.objects.count(), had.count()) == (CARDS, CARDS - MISSING)
        assert set(Code.objects.values_list("card", flat=True)) == set(had.values_list("pk", flat=True))
        assert available(acme) == 1_000_00 + MISSING * 100
        assert Event.objects.filter(topic="gift_orders/completed").count() == 1
        messages = Counter((mail["To"], mail["Message-ID"], mailboxes.link_in(mail)) for mail in mailbox.mails)
        assert {to for to, _, _ in messages} == set(had.values_list("line__email", flat=True))
        assert len(messages) == CARDS - MISSING  # a repeat has the same Message-ID and link
        assert messages.total() - len(messages) <= died.total()


@pytest.mark.breaks_the_books
class TestControls:
    """What would come of it otherwise."""

    def test_cards_made_without_a_transaction_have_no_codes(self, ordered, mailbox):
        ordered(FEW)

        storm(mailbox, cards=FEW, making=KILLS, how=IN_PIECES)

        assert Code.objects.exclude(card=None).count() < GiftCard.objects.exclude(status="Failed").count()

    def test_cards_made_without_the_lock_are_made_twice(self, ordered, mailbox):
        ordered(FEW)

        storm(mailbox, cards=FEW, how=SLOWLY)

        assert GiftCard.objects.count() > FEW

    def test_messages_that_are_written_down_together_are_repeated_more(self, ordered, mailbox):
        ordered(FEW)

        died = storm(mailbox, cards=FEW, sending=KILLS, how=TOGETHER)

        assert len(mailbox.mails) - (FEW - MISSING) > died.total()
