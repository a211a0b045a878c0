"""A merchant's server on loopback: it hears webhooks, and answers as a test tells it to."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from typing import Any

import orjson


@dataclass(frozen=True)
class Heard:
    """One request, as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Says:
    """What the consumer answers, after holding the request for a while."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    more: Iterator[bytes] | None = None  # what follows, and nobody says how long it is
    hold: float = 0


class Consumer:
    def __init__(self, tls: ssl.SSLContext | None = None, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.heard: list[Heard] = []
        self.connections = self.open = 0  # ever, and now
        self.says: Says | Callable[[Heard], Says] = Says()
        self._server = (_Server6 if ":" in host else _Server)((host, port), _Handler)
        self._server.consumer = self
        self.port = self._server.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/hook"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, count: int, *, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while len(self.heard) < count:
            assert time.monotonic() < deadline, f"heard {len(self.heard)} of {count}"
            time.sleep(0.01)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    consumer: Consumer

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up on us does so on purpose."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.consumer.connections += 1
        self.server.consumer.open += 1

    def finish(self) -> None:
        self.server.consumer.open -= 1
        super().finish()

    def do_POST(self) -> None:
        consumer = self.server.consumer
        heard = Heard(self.path, _plain(self.headers), self._body(), time.monotonic())
        consumer.heard.append(heard)
        says = consumer.says(heard) if callable(consumer.says) else consumer.says
        time.sleep(says.hold)
        self.send_response(says.status)
        length = {"Connection": "close"} if says.more else {"Content-Length": str(len(says.body))}
        for name, value in {**says.headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        for part in chain([says.body], says.more or ()):
            self.wfile.write(part)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def log_message(self, *args: object) -> None:
        """Tests look at what was heard."""


def _plain(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
