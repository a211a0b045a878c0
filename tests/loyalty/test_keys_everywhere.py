"""What is changed about a key in one process holds in all others within 5 seconds."""

import os
import subprocess
import sys
import time

import pytest

from loyalty.models import Business
from loyalty.services import keys
from tests.workers import database_url

pytestmark = pytest.mark.django_db(transaction=True)

WITHIN = 5.0  # seconds

SERVER = """
import sys, django
django.setup()
from django.test import Client
for line in sys.stdin:
    response = Client().get("/api/v1/integration/user/ada-1/balance", headers={"X-API-KEY": line.strip()})
    print(response.status_code, flush=True)
"""


class Server:
    """A process of its own, asked for Ada's balance with one key after the other."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            env=os.environ | {"DATABASE_URL": database_url()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def answers(self, text):
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        while not (line := self.process.stdout.readline().strip()).isdigit():  # its log comes by the same way
            assert line, "it has ended"
        return int(line)


@pytest.fixture
def servers():
    started = [Server(), Server()]
    yield started
    for server in started:
        server.process.communicate(timeout=10)


@pytest.fixture
def key(acme, ada):
    """Acme's key, and how it reads."""
    return keys.create_key(business=acme, kind=keys.Kind.INTEGRATION, name="k")


def all_answer(servers, text, status):
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if {server.answers(text) for server in servers} == {status}:
            return True
        time.sleep(0.1)
    return False


def test_a_rotated_key_and_its_successor_work_until_the_old_one_is_revoked(key, servers):
    old, old_text = key
    assert all_answer(servers, old_text, 200)

    _, new_text = keys.rotate(key=old)
    assert {server.answers(text) for server in servers for text in (old_text, new_text)} == {200}

    keys.revoke(key=old)
    assert all_answer(servers, old_text, 401)
    assert {server.answers(new_text) for server in servers} == {200}


def test_an_address_that_is_taken_off_the_list_is_refused(acme, key, servers):
    _, text = key
    assert all_answer(servers, text, 200)

    Business.objects.filter(pk=acme.pk).update(ip_allowlist=[])

    assert all_answer(servers, text, 403)
