"""A TCP proxy that fails on purpose: between an application and its Redis, say."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Literal

Mode = Literal["pass", "refuse", "hang"]


class Proxy:
    """Forwards a port of loopback to another one, in a thread of its own, until `become` says otherwise.

    `refuse` cuts every connection and takes no new one; `hang` takes them, and forwards nothing until it passes again.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._open: set[asyncio.StreamWriter] = set()
        self._run(self._start())

    def become(self, mode: Mode) -> None:
        self._run(self._become(mode))

    def close(self) -> None:
        self.become("refuse")
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._server: asyncio.Server | None = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        """Let everybody see that their connection is cut."""
        self._flows.set()
        if rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(rest, timeout=1)

    async def _become(self, mode: Mode) -> None:
        if mode == "refuse":
            if self._server is not None:
                self._server.close()
            self._server = None
            for writer in list(self._open):
                writer.transport.abort()
            return
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        if mode == "hang":
            self._flows.clear()
        else:
            self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._flows.wait()
        with suppress(OSError):
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(self._pump(reader, forth), self._pump(back, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while data := await reader.read(65_536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # whoever hung up is told below
        finally:
            self._open.discard(writer)
            writer.close()
