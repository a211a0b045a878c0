"""The code that the docs give to receivers does what they say."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty.kernel import clock
from webhooks.services import signing
from webhooks.services.kinds.base import Message

PAGE = Path(__file__).resolve().parents[2] / "docs/developers/webhooks.md"
SECRET, OLD = signing.new_secret(), signing.new_secret()
BODY = '{"name": "Ångström ☕"}'.encode()


@pytest.fixture(scope="module")
def is_ours():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(code, names)
    return names["is_ours"]


def headers(*, age=0, secrets=(SECRET,)):
    stamp = int((clock.wall() - timedelta(seconds=age)).timestamp())
    message = Message(id="evt_1", timestamp=stamp, body=BODY, secrets=secrets)
    return {"webhook-id": "evt_1", **signing.PROFILES["standard"].sign(message)}


class TestPythonCheck:
    def test_accepts_what_is_ours(self, is_ours):
        assert is_ours(SECRET, headers(), BODY)

    def test_accepts_both_secrets_of_a_rotation(self, is_ours):
        rotating = headers(secrets=(SECRET, OLD))

        assert is_ours(SECRET, rotating, BODY)
        assert is_ours(OLD, rotating, BODY)

    def test_refuses_another_body_secret_or_time(self, is_ours):
        assert not is_ours(SECRET, headers(), BODY + b" ")
        assert not is_ours(OLD, headers(), BODY)
        assert not is_ours(SECRET, headers(age=301), BODY)
