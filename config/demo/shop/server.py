"""The shop's web server: one page, the JSON calls of that page, and the address for Laurel's webhooks."""

import json
import logging
import socket
import sys
import time
from collections.abc import Callable, Mapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, urlsplit

from config.demo.shop import signatures
from config.demo.shop.laurel import Unavailable
from config.demo.shop.shop import Session, Shop
from config.demo.shop.till import Refused

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "templates" / "demo" / "shop.html"
STATIC = ROOT / "static" / "demo"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
COOKIE = "acme_shop"
BODY_LIMIT = 256 * 1024

log = logging.getLogger(__name__)

Call = Callable[[Shop, Session, Mapping[str, Any]], dict[str, Any]]
CALLS: Mapping[str, Call] = {
    "/sign-in": Shop.sign_in,
    "/sign-out": Shop.sign_out,
    "/widget": Shop.open_widget,
    "/price": Shop.price,
    "/orders": Shop.buy,
}


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, shop: Shop) -> None:
        self.shop = shop
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), Visit)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who leaves before their answer comes is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Visit(BaseHTTPRequestHandler):
    """One connection of a browser, or of Laurel."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        file = STATIC / url.path[1:]
        if url.path == "/":
            self._page()
        elif url.path == "/state":
            seen = _number(parse_qs(url.query).get("seen", ["0"])[0]) or 0
            self._json(200, self._shop.show(self._session() or Session(), seen=seen))
        elif file.parent == STATIC and file.suffix in TYPES and file.is_file():
            self._send(200, file.read_bytes(), TYPES[file.suffix])
        else:
            self._json(404, {"message": "There is no such page."})

    def do_POST(self) -> None:
        length = _number(self.headers.get("Content-Length", ""))
        if length is None or length > BODY_LIMIT:
            self.close_connection = True  # the rest of it is not read
            self._json(413, {"message": f"Send at most {BODY_LIMIT} bytes, and say how many."})
            return
        body, call = self.rfile.read(length), CALLS.get(self.path)
        if self.path == "/webhooks":
            self._hear(body)
        elif call:
            self._call(call, body)
        else:
            self._json(404, {"message": "There is no such call."})

    def _page(self) -> None:
        laurel = self._shop.laurel.url
        policy = (
            f"default-src 'none'; script-src 'self' {laurel}; style-src 'self'; img-src 'self' data:; "
            f"connect-src 'self'; frame-src {laurel}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        headers = {"Content-Security-Policy": policy}
        if self._session() is None:
            headers["Set-Cookie"] = f"{COOKIE}={self._shop.new_session()}; Path=/; HttpOnly; SameSite=Lax"
        page = Template(PAGE.read_text()).substitute(laurel=escape(laurel), business=escape(self._shop.business))
        self._send(200, page.encode(), "text/html", headers)

    def _call(self, call: Call, body: bytes) -> None:
        """What our own page asks: another site's page gets neither the cookie along nor this content type."""
        session = self._session()
        if session is None or self.headers.get_content_type() != "application/json":
            self._json(403, {"message": "Open the shop's page first."})
            return
        try:
            given = json.loads(body)
            self._json(200, call(self._shop, session, given if isinstance(given, dict) else {}))
        except (Refused, ValueError) as refusal:
            self._json(400, {"message": str(refusal)})
        except Unavailable as failure:
            log.warning("%s", failure)
            self._json(502, {"message": "Our points programme gives no answer just now. Try again in a moment."})

    def _hear(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            message = signatures.verify(body, headers, secret=self._shop.webhook_secret, now=time.time())
        except signatures.Forged:
            self._json(401, {"message": "This is not signed with our secret, or not just now."})
            return
        self._shop.store.hear(message, json.loads(body))
        self._send(204, b"", "text/plain")

    @property
    def _shop(self) -> Shop:
        return self.server.shop

    def _session(self) -> Session | None:
        try:
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return None
        return self._shop.sessions.get(cookie.value) if cookie else None

    def _json(self, status: int, answer: Mapping[str, Any]) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _number(text: str) -> int | None:
    return int(text) if len(text) < 10 and text.isascii() and text.isdigit() else None
