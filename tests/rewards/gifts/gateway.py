"""A gateway for text messages that keeps what is posted to it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs


@contextmanager
def opened() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Its address, and what it was told."""
    said: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802  # the library's
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            said.append({"form": parse_qs(text), "authorization": self.headers["Authorization"]})
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/Messages.json", said
    server.shutdown()
    thread.join()
    server.server_close()
