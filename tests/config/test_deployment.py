"""What an operator is given says the truth: `.env.example`, `compose.yaml`."""

import re

import yaml

from config import runtime

READ = re.compile(r"""(?:env\.\w+\(|environ\.get\(|environ\[)\s*"([A-Z_]+)\"""")


def variables_of(name: str) -> set[str]:
    lines = (runtime.ROOT / name).read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def test_every_setting_is_explained_in_the_example():
    read = READ.findall((runtime.ROOT / "config" / "settings.py").read_text())

    assert len(read) > 10
    assert set(read) - variables_of(".env.example") == set()


def test_the_example_explains_no_setting_that_is_gone():
    sources = [runtime.ROOT / name for name in ("config/settings.py", "config/runtime.py", "compose.yaml")]
    code = "\n".join(source.read_text() for source in sources)

    assert {name for name in variables_of(".env.example") if name not in code} == set()


def test_secrets_have_no_value_in_the_example():
    lines = (runtime.ROOT / ".env.example").read_text().splitlines()

    assert {"SECRET_KEY=", "ENCRYPTION_KEYS=", "POSTGRES_PASSWORD="} <= set(lines)


def test_every_container_of_ours_is_locked_down():
    services = yaml.safe_load((runtime.ROOT / "compose.yaml").read_text())["services"]
    ours = {name: service for name, service in services.items() if "build" in service}

    assert set(ours) == {"migrate", "web", "relay", "delivery", "bulk", "beat"}
    for service in ours.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
