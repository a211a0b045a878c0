"""Secrets that are changed under load: nobody notices while both are good, and the old one is dead in seconds."""

import base64
import secrets
import time

from tests.chaos.shop import Said
from tests.chaos.stage import Stage
from tests.chaos.verdicts import PATH, require

WEBS = 2
DEAD_WITHIN = 5.0
OVERLAP = 3.0
END = "UPDATE webhooks_endpoint SET old_secret_until = now()"
POOL = {"title": "Cinema"}


def webhook_secret(stage: Stage, endpoint: dict[str, str]) -> str:
    """A receiver may have either secret during the overlap; soon after its end nothing is signed with the old one."""
    heard, old = stage.consumer.heard[PATH], endpoint["secret"]
    new = stage.shop.post(f"webhooks/{endpoint['id']}/rotate", {}).body["webhook"]["secret"]
    stage.consumer.secrets.append(new)
    time.sleep(DEAD_WITHIN)
    begins = time.time()
    time.sleep(OVERLAP)
    ends = time.time()
    with stage.world.connect() as database:
        database.execute(END)
    time.sleep(DEAD_WITHIN)
    dead = time.time()
    time.sleep(OVERLAP)
    refused = [heard.unverified(old, until=ends), heard.unverified(new, since=begins)]
    late = sum(at >= dead and old in verifying for at, verifying in heard.verified)
    require(refused == [0, 0] and not late, f"refused with the old and the new secret {refused}; {late} signed late")
    return "webhook secret: 0 of either refused"


def api_key(stage: Stage) -> str:
    """Both keys are good until the old one is revoked; then no server takes it for more than five seconds."""
    old = stage.shop.key
    stage.shop.key = _run_key(stage, "rotate", old)
    for url in stage.webs:
        said = stage.shop.post("code-pools", POOL, url=url, key=old)
        require(said.status == 201, f"the old key was refused in the overlap: {said}")
    _run_key(stage, "revoke", old)
    revoked = time.monotonic()
    took = max(_dies_after(stage, url, old, since=revoked) for url in stage.webs)
    require(took <= DEAD_WITHIN, f"a revoked key was taken for {took:.1f} s")
    return f"API key: dead after {took:.1f} s in {len(stage.webs)} servers"


def master_key(stage: Stage) -> str:
    """Every process is replaced three times, and answers what was kept under the old key all the while."""
    old, new = stage.world.env["ENCRYPTION_KEYS"], base64.b64encode(secrets.token_bytes(32)).decode()
    first = _replay(stage)
    require(first.status == 201, f"no pool: {first}")
    for keys in ([old, new], [new, old]):
        stage.restart(webs=WEBS, ENCRYPTION_KEYS=",".join(keys))
        require(_replay(stage) == first, "a kept answer could not be read")
    said = stage.world.run("manage.py", "reseal").decode()
    stage.restart(webs=WEBS, ENCRYPTION_KEYS=new)
    require(_replay(stage) == first, "a kept answer could not be read with the new key alone")
    again = stage.world.run("manage.py", "reseal").decode()
    require(again.count(" 0 sealed anew, 0 left") == again.count("sealed anew"), f"not all was resealed: {again}")
    resealed = sum(int(line.split(": ")[1].split()[0]) for line in said.splitlines() if "sealed anew" in line)
    return f"master key: {resealed} values sealed anew, 0 left under the old one"


def _replay(stage: Stage) -> Said:
    return stage.shop.post("code-pools", POOL, Idempotency_Key="kept")


def _run_key(stage: Stage, action: str, key: str) -> str:
    return stage.world.run("-m", "tests.chaos.rotate_key", action, key).decode().strip()


def _dies_after(stage: Stage, url: str, key: str, *, since: float) -> float:
    while stage.shop.post("code-pools", POOL, url=url, key=key).status != 401:
        require(time.monotonic() < since + 60, "a revoked key never died")
        time.sleep(0.1)
    return time.monotonic() - since
