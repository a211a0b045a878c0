"""One caller, who asks one thing after the other over a connection that stays open."""

import http.client
from dataclasses import dataclass
from email.message import Message
from time import perf_counter


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many milliseconds."""

    status: int
    headers: Message  # by name in any case
    body: bytes
    ms: float


class Client:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def close(self) -> None:
        self._connection.close()

    def ask(self, path: str, *, bearer: str, body: bytes | None = None, **headers: str) -> Answer:
        """GET it, or POST a JSON body to it. Headers are spelled with underscores.

        :raises RuntimeError: for an answer that is none of 200, 201 and 304
        """
        sent = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        started = perf_counter()
        self._connection.request("GET" if body is None else "POST", path, body=body, headers=sent)
        response = self._connection.getresponse()
        answer = Answer(response.status, response.headers, response.read(), (perf_counter() - started) * 1000)
        if answer.status not in (200, 201, 304):
            raise RuntimeError(f"{path} answers {answer.status}: {answer.body!r}")
        return answer
