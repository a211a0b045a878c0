"""A consumer that does nothing but answer 200: `python -m bench.sink PORT MILLISECONDS`. GET tells what it heard."""

import asyncio
import sys
import time

import msgspec

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Heard(msgspec.Struct):
    """How many posts came since it was last asked, and when the first and the last did, in seconds."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def take(self) -> None:
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.count += 1


heard = Heard()


class Connection(asyncio.Protocol):
    hold = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self.buffer = b""
        if head.startswith(b"GET"):
            self.transport.write(_told())
        else:
            heard.take()
            asyncio.get_running_loop().call_later(self.hold, self.transport.write, OK)


def _told() -> bytes:
    global heard
    body, heard = msgspec.json.encode(heard), Heard()
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _content_length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0] or 0)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    Connection.hold = int(sys.argv[2]) / 1000
    asyncio.run(_serve(int(sys.argv[1])))
