"""The environment of a local run: what a production server is told by its operator."""

import base64
import json
import os
import secrets
from pathlib import Path

from config import runtime
from config.local.options import Options


def build(options: Options, servers: dict[str, str]) -> dict[str, str]:
    """Every setting of the run. What the person has set already stays as it is."""
    mail, sms = _folder(options.data / "mail"), _folder(options.data / "sms")
    settings = {
        **_secrets(options.data / "secrets.json"),
        "PUBLIC_URL": options.url,
        "SHOP_URL": options.shop_url,
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(["localhost", "127.0.0.1", "[::1]", options.address])),
        "REQUIRE_HTTPS": "false",
        "EMAIL_URL": f"filemail:///{mail}",
        "SMS_DIR": str(sms),
        "WEBHOOKS_ALLOW_HTTP": "true",
        "WEBHOOKS_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8,::1/128",
        "WHITENOISE_USE_FINDERS": "true",
    }
    chosen = {name: os.environ.get(name, value) for name, value in settings.items()}
    return {**chosen, **servers, "LAUREL_DATA_DIR": str(options.data)}


def publish(options: Options, env: dict[str, str]) -> None:
    """Let other processes with the same data directory find this run."""
    state = {"pid": os.getpid(), "port": options.port, "env": env}
    _write_private(runtime.state_file(options.data), json.dumps(state, indent=2))


def withdraw(options: Options) -> None:
    """Tell other processes that the run is over."""
    runtime.state_file(options.data).unlink(missing_ok=True)


def _secrets(path: Path) -> dict[str, str]:
    """The secrets of this data directory, made once: what is sealed today must open tomorrow."""
    if not path.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        made = {"SECRET_KEY": secrets.token_urlsafe(48), "ENCRYPTION_KEYS": key}
        _write_private(path, json.dumps(made))
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _write_private(path: Path, text: str) -> None:
    """Replace the file at once, readable by its owner only."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    return path
