"""A provider that sells gift cards on a real socket: once per idempotency key, however often it is asked."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "remote-secret-4711"
ANSWERS = {"fails": (500, {"message": "Sorry"}), "garbles": (200, {"kode": "?"})}
ANSWERS["refuses"] = (422, {"message": "We have no such article."})


class Remote:
    """`behaviour` says how the next answers come.

    `sells`, `fails`, `garbles`, `refuses`, `is slow`; `loses`: it sells, and its answer is lost; `repeats`: it sells
    everybody the same code. `sold` has the code of each key.
    """

    def __init__(self) -> None:
        self.behaviour = "sells"
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.sold: dict[str, str] = {}
        self.tries: Counter[str] = Counter()
        self.lock = threading.Lock()

    def sell(self, key: str) -> str:
        with self.lock:
            code = "SAME" if self.behaviour == "repeats" else f"REMOTE-{len(self.sold) + 1}"
            return self.sold.setdefault(key, code)

    def answer(self, key: str) -> tuple[int, dict[str, Any]]:
        if self.behaviour in ANSWERS:
            return ANSWERS[self.behaviour]
        if self.behaviour == "is slow":
            time.sleep(1.5)
        return 201, {"code": self.sell(key), "id": f"remote-{key[:8]}"}


def _handler(remote: Remote) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802  # the library's
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Idempotency-Key"]
            remote.tries[key] += 1
            remote.asked.append(body | {"authorization": self.headers["Authorization"]})
            status, said = remote.answer(key)
            if remote.behaviour == "loses":
                self.close_connection = True
                return
            text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def opened() -> Iterator[Remote]:
    remote = Remote()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(remote))
    remote.url = f"http://127.0.0.1:{server.server_port}/cards"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield remote
    server.shutdown()
    thread.join()
    server.server_close()
