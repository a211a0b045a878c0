"""What the person may choose, by environment variables: `PORT`, `SHOP_PORT`, `HOST`, `LAUREL_DATA_DIR`."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from config import runtime
from config.local.problems import LocalProblem

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # where a server that listens everywhere is found


@dataclass(frozen=True, kw_only=True)
class Options:
    """The addresses and the data directory of one local run."""

    data: Path
    host: str
    port: int
    shop_port: int

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def url(self) -> str:
        return self._url(self.port)

    @property
    def shop_url(self) -> str:
        return self._url(self.shop_port)

    @property
    def address(self) -> str:
        """The host under which this machine reaches the servers."""
        return EVERYWHERE.get(self.host, self.host)

    def refuse_used_ports(self) -> None:
        """Check that both ports can be had.

        :raises LocalProblem: if one cannot
        """
        for variable, port in (("PORT", self.port), ("SHOP_PORT", self.shop_port)):
            _try_to_listen(self.host, port, variable)

    def _url(self, port: int) -> str:
        return f"http://[{self.address}]:{port}" if ":" in self.address else f"http://{self.address}:{port}"


def from_environment() -> Options:
    """Read the options.

    :raises LocalProblem: if a port is not a port
    """
    port = _port("PORT", 8000)
    return Options(
        data=runtime.data_dir(),
        host=os.environ.get("HOST") or "127.0.0.1",
        port=port,
        shop_port=_port("SHOP_PORT", port + 1),
    )


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise LocalProblem(f"{variable}={text} is no port: choose a number from 1 to 65535.")
    return int(text)


def _try_to_listen(host: str, port: int, variable: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just left is free
            listener.bind((host, port))
    except OSError as error:
        raise LocalProblem(
            f"Cannot listen on {host} port {port} ({error.strerror}): "
            f"choose another one, as in {variable}={8080 if port != 8080 else 8090} make run."
        ) from error
