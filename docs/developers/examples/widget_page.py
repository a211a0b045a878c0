"""A shop whose page shows the hosted widget in a frame: it asks for an address, and opens it.

LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… PORT=8080 python widget_page.py customer-42

The shop's origin, such as http://127.0.0.1:8080, has to be one that the business allows. It needs nothing but Python.
"""

import json
import os
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote
from urllib.request import Request, urlopen

LAUREL, PORT = os.environ["LAUREL"], int(os.environ.get("PORT", "8080"))
PAGE = '<!DOCTYPE html><title>Shop</title><h1>Your rewards</h1><iframe src="{}" width="400" height="700"></iframe>'


def widget_url(user: str) -> str:
    """An address for one user. `section` says where it opens, and `item`, a reward's id, opens that."""
    path = f"/api/v1/integration/user/{quote(user, safe='')}/widget?section=rewards"
    request = Request(LAUREL + path, headers={"X-API-KEY": os.environ["INTEGRATION_KEY"]})
    with urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["url"])


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        user = sys.argv[1]  # yours comes from the session
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")  # the address is this user's, for a day
        self.send_header("Content-Security-Policy", f"default-src 'none'; frame-src {LAUREL}")
        self.end_headers()
        self.wfile.write(PAGE.format(escape(widget_url(user))).encode())


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Shop)
    print(f"Open http://127.0.0.1:{PORT}/", flush=True)
    server.serve_forever()
