"""What an operator is given says the truth: `.env.example`, `compose.yaml`, `Dockerfile`, `.dockerignore`."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from celery.bin.celery import celery
from click.testing import CliRunner
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import load_command_class
from granian.cli import cli as granian
from pytest_django import Settings

from config import runtime

READ = re.compile(r"""(?:env\.\w+\(|environ\.get\(|environ\[)\s*"([A-Z_]+)\"""")
REFERRED = re.compile(r"\$\{([A-Z_]+)")
NEEDED = {
    "SECRET_KEY": "no-secret",
    "ENCRYPTION_KEYS": "no-key",
    "DATABASE_URL": "postgres://nobody@localhost:1/nothing",
    "REDIS_URL": "redis://localhost:1/0",
}
SHOW = """
from config import settings
print({name: value for name, value in vars(settings).items() if name.isupper() and name != "UNFOLD"})
"""  # that one holds functions


def text_of(name: str) -> str:
    return (runtime.ROOT / name).read_text()


def variables_of(name: str) -> set[str]:
    return {line.partition("=")[0] for line in text_of(name).splitlines() if line and not line.startswith("#")}


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(text_of("compose.yaml"))["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if service["image"] == "laurel"}


def settings_under(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Every setting, as a process with this environment alone reads them."""
    return subprocess.run(
        [sys.executable, "-c", SHOW], cwd=runtime.ROOT, env=environment, capture_output=True, text=True, check=False
    )


class TestExample:
    def test_explains_every_setting(self):
        read = READ.findall(text_of("config/settings.py")) + REFERRED.findall(text_of("compose.yaml"))

        assert len(read) > 10
        assert set(read) - variables_of(".env.example") == set()

    def test_explains_no_setting_that_is_gone(self):
        code = "\n".join(map(text_of, ("config/settings.py", "config/runtime.py", "compose.yaml")))

        assert {name for name in variables_of(".env.example") if name not in code} == set()

    def test_has_no_value_of_a_secret(self):
        lines = text_of(".env.example").splitlines()

        assert {"SECRET_KEY=", "ENCRYPTION_KEYS=", "POSTGRES_PASSWORD="} <= set(lines)

    @pytest.mark.parametrize("name", NEEDED)
    def test_does_not_do_where_a_required_line_is_left_empty(self, name):
        done = settings_under(NEEDED | {name: ""})

        assert done.returncode == 1
        assert done.stderr.endswith(f"ImproperlyConfigured: Set the {name} environment variable\n")

    def test_sets_nothing_by_any_other_line_that_is_left_empty(self):
        """Docker hands them on as empty variables."""
        emptied = settings_under(dict.fromkeys(variables_of(".env.example"), "") | NEEDED)

        assert emptied.returncode == 0, emptied.stderr
        assert emptied.stdout == settings_under(NEEDED).stdout


NETWORKS = "WEBHOOKS_ALLOWED_PRIVATE_NETWORKS"


class TestStart:
    """Of any command; on the internet is where `check --deploy` is for."""

    @pytest.mark.parametrize(
        ("name", "value", "wrong"),
        [
            ("ENCRYPTION_KEYS", [], "E001"),
            ("ENCRYPTION_KEYS", ["no base64"], "E002"),
            ("ENCRYPTION_KEYS", ["c2hvcnQ="], "E002"),
            ("TRUSTED_PROXY_COUNT", -1, "E004"),
            (NETWORKS, ["10.1.0.0/16", "lan"], "E005"),
            (NETWORKS, ["10.1.0.1/16"], "E005"),
            (NETWORKS, [""], "E005"),
            ("TRUSTED_PROXY_NETWORKS", ["10.1.0.1/16"], "E009"),
        ],
    )
    def test_is_refused_with_settings_that_make_no_sense(self, settings: Settings, name, value, wrong):
        setattr(settings, name, value)

        assert complaints() == [f"laurel.{wrong}"]

    @pytest.mark.parametrize(
        ("name", "value", "wrong"),
        [
            ("REQUIRE_HTTPS", False, "E006"),
            ("PUBLIC_URL", "http://loyalty.example.com", "E007"),
            ("WEBHOOKS_ALLOW_HTTP", True, "E008"),
            (NETWORKS, ["10.1.0.0/16"], "E008"),
        ],
    )
    def test_is_refused_on_the_internet_with_settings_for_development(self, settings: Settings, name, value, wrong):
        settings.REQUIRE_HTTPS, settings.PUBLIC_URL = True, "https://loyalty.example.com"
        settings.SMS_DIR = settings.SMS_URL = ""
        settings.WEBHOOKS_ALLOW_HTTP, settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = False, []
        assert complaints(deploy=True) == []

        setattr(settings, name, value)

        assert complaints(deploy=True) == [f"laurel.{wrong}"]
        assert complaints() == []


def complaints(*, deploy: bool = False) -> list[str]:
    found = run_checks(include_deployment_checks=deploy)
    return [str(each.id) for each in found if str(each.id).startswith("laurel.")]


class TestContainers:
    def test_of_ours_are_locked_down(self):
        assert set(ours()) == {"migrate", "web", "relay", "delivery", "bulk", "beat"}
        for service in ours().values():
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]

    def test_share_an_image_that_one_of_them_builds(self):
        """Docker builds services at the same time, and refuses the second one that writes a tag."""
        assert [name for name, service in ours().items() if "build" in service] == ["migrate"]
        assert {service["pull_policy"] for service in ours().values()} == {"never"}

    def test_wait_for_a_database_that_is_made_and_migrated(self):
        assert "--host=127.0.0.1" in services()["postgres"]["healthcheck"]["test"]
        for name, service in ours().items():
            needed = {other: how["condition"] for other, how in service["depends_on"].items()}
            migrated = {} if name == "migrate" else {"migrate": "service_completed_successfully"}
            assert needed == {"postgres": "service_healthy", "redis": "service_healthy"} | migrated

    def test_are_started_by_commands_that_exist(self):
        for program, *arguments in commands():
            if program == "python":
                script, verb, *options = arguments
                assert script == "manage.py"
                load_command_class("django.core", verb).create_parser(script, verb).parse_args(options)
                continue
            done = CliRunner().invoke({"celery": celery, "granian": granian}[program], [*arguments, "--help"])
            assert done.exit_code == 0, done.output


def commands() -> Iterator[list[str]]:
    """What the image does by itself, and what containers of it do instead."""
    joined = text_of("Dockerfile").replace("\\\n", "")
    yield from map(json.loads, re.findall(r"^CMD (.+)$", joined, re.MULTILINE))
    yield from (service["command"] for service in ours().values() if "command" in service)


class TestImage:
    def test_holds_what_runs_and_nothing_that_lies_beside_it(self):
        first, *lines = [line for line in text_of(".dockerignore").splitlines() if not line.startswith("#")]
        taken = {line.removeprefix("!") for line in lines if line.startswith("!")}
        apps = {name for name in settings.INSTALLED_APPS if (runtime.ROOT / name).is_dir()}
        beside = [*settings.TEMPLATES[0]["DIRS"], *settings.STATICFILES_DIRS, *settings.LOCALE_PATHS]

        assert first == "*"
        assert taken == apps | {folder.name for folder in beside} | {"manage.py", "requirements/base.txt"}
        assert {line for line in lines if not line.startswith("!")} == {"**/__pycache__"}
