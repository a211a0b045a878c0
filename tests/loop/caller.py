"""A merchant's backend that calls Laurel over HTTP."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener


class Caller:
    def __init__(self, url: str, **headers: str) -> None:
        """`Caller(url, Authorization="Bearer …")`; an underscore in a header's name stands for a hyphen."""
        self._url = url
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._opener = build_opener(ProxyHandler({}))

    def get(self, path: str) -> Any:
        return self._send(Request(self._url + path, headers=self._headers))

    def post(self, path: str, body: object) -> Any:
        headers = self._headers | {"Content-Type": "application/json"}
        return self._send(Request(self._url + path, json.dumps(body).encode(), headers))

    def _send(self, request: Request) -> Any:
        try:
            with self._opener.open(request, timeout=15) as response:
                return json.load(response)
        except HTTPError as refusal:
            raise AssertionError(f"{request.full_url} answered {refusal.code}: {refusal.read()!r}") from refusal
