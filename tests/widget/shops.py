"""Shops of other sites that put the widget on their pages: small servers of ours, on an address of their own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Shop:
    """What it serves, by path, under a policy as strict as a page with a widget can have."""

    port: int
    laurel: str
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def policy(self) -> str:
        return f"default-src 'none'; script-src {self.laurel}; frame-src {self.laurel} http://127.0.0.1:*"

    def put_widget(self, token: str = "", *, business: str = "acme", path: str = "/") -> str:
        """Put a page with the loader on the shop. Answers its address."""
        loader = f'src="{self.laurel}/widget/loader.js" data-business="{business}"'
        given = f'data-token="{token}"' if token else ""
        return self.put(f"<h1>Shop</h1><script {loader} {given} async></script>", path=path)

    def put(self, body: str, *, path: str = "/") -> str:
        self.pages[path] = f"<!DOCTYPE html><title>Shop</title>{body}"
        return self.origin + path


@contextmanager
def open_shop(laurel: str) -> Iterator[Shop]:
    class Visit(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = shop.pages.get(self.path)
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", shop.policy)
            self.end_headers()
            self.wfile.write((page or "").encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Visit)
    shop = Shop(server.server_port, laurel)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield shop
    server.shutdown()
    server.server_close()
    thread.join()
