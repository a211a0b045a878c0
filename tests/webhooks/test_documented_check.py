"""The code that the docs give to receivers does what they say."""

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import playwright
import pytest

from loyalty.kernel import clock
from webhooks.services import signing
from webhooks.services.kinds.base import Message

PAGE = Path(__file__).resolve().parents[2] / "docs/developers/webhooks.md"
NODE = Path(playwright.__file__).parent / "driver" / "node"  # comes with what drives the browser
PHP = shutil.which("php")
SECRET, OLD = signing.new_secret(), signing.new_secret()
BODY = '{"name": "Ångström ☕"}'.encode()
ASK_NODE = """
import { isOurs } from "./check.mjs";
const { secret, headers, body } = JSON.parse(process.argv[2]);
console.log(isOurs(secret, headers, Buffer.from(body, "hex")));
"""

ASK_PHP = """
$said = json_decode($argv[1], true);
echo json_encode(is_ours($said["secret"], $said["headers"], hex2bin($said["body"])));
"""

Check = Callable[[str, dict[str, str], bytes], bool]


def code_in(language: str) -> str:
    (code,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def in_python(folder: Path) -> Check:
    names: dict[str, Check] = {}
    exec(code_in("python"), names)
    return names["is_ours"]


def in_javascript(folder: Path) -> Check:
    (folder / "check.mjs").write_text(code_in("javascript"))
    (folder / "ask.mjs").write_text(ASK_NODE)

    def is_ours(secret: str, headers: dict[str, str], body: bytes) -> bool:
        said = orjson.dumps({"secret": secret, "headers": headers, "body": body.hex()})
        asked = subprocess.run([NODE, folder / "ask.mjs", said], capture_output=True, text=True, check=True)
        return asked.stdout == "true\n"

    return is_ours


def in_php(folder: Path) -> Check:
    (folder / "ask.php").write_text("<?php\n" + code_in("php") + ASK_PHP)

    def is_ours(secret: str, headers: dict[str, str], body: bytes) -> bool:
        said = orjson.dumps({"secret": secret, "headers": headers, "body": body.hex()})
        asked = subprocess.run([str(PHP), folder / "ask.php", said], capture_output=True, text=True, check=True)
        return asked.stdout == "true"

    return is_ours


LANGUAGES = [in_python, in_javascript, *([in_php] if PHP else [])]  # two always, the third where it is installed


@pytest.fixture(scope="module", params=LANGUAGES)
def is_ours(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("check"))


def headers(*, age=0, secrets=(SECRET,)):
    stamp = int((clock.wall() - timedelta(seconds=age)).timestamp())
    message = Message(id="evt_1", timestamp=stamp, body=BODY, secrets=secrets)
    return {"webhook-id": "evt_1", **signing.PROFILES["standard"].sign(message)}


class TestDocumentedCheck:
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

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    def test_refuses_what_anybody_may_send_without_falling_over_it(self, is_ours, name):
        """An exception that nobody expects ends more than the request in some servers."""
        for wrong in ({}, *({name: text} for text in ("", "soon", "-1", "1e3", "9" * 5000, "v1,ä v2"))):
            said = {key: value for key, value in headers().items() if key != name} | wrong

            assert not is_ours(SECRET, said, BODY)
