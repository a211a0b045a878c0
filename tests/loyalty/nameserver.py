"""A name server of a test's own: it says what it is told to, and each answer is good for no time at all."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from loyalty.kernel import net

Records = Sequence[tuple[str, str]]  # type and value


class NameServer:
    """Answers over UDP on loopback. A name has a list of answers: each look-up takes the next, the last one stays.

    `*` stands for all other names.
    """

    def __init__(self, names: Mapping[str, Sequence[Records]]) -> None:
        self.names = {name: list(answers) for name, answers in names.items()}
        self.asked: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.sendto(b"", ("127.0.0.1", self.port))  # the last word: nothing

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(4096)
            if not data:
                return self._socket.close()
            self._socket.sendto(self._answer(dns.message.from_wire(data)).to_wire(), sender)

    def _answer(self, query: dns.message.Message) -> dns.message.Message:
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        self.asked[name] += 1
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        known = self.names.get(name) or self.names.get("*")
        if not known or not (records := known.pop(0) if len(known) > 1 else known[0]):
            answer.set_rcode(dns.rcode.NXDOMAIN)
            return answer
        owner = name
        for kind, value in records:
            if kind == "CNAME" or kind == dns.rdatatype.to_text(question.rdtype):
                answer.answer.append(dns.rrset.from_text(f"{owner}.", 0, "IN", kind, value))
            owner = value.rstrip(".") if kind == "CNAME" else owner
        return answer


class Resolving(net.Guard):
    """A guard that asks a name server of the test's, over the wire. What is an address to the system stays one."""

    def __init__(self, server: NameServer, *, allowed: net.Networks = ()) -> None:
        super().__init__(allowed)
        self._resolver = dns.asyncresolver.Resolver(configure=False)
        self._resolver.nameservers, self._resolver.port = ["127.0.0.1"], server.port

    async def look_up(self, host: str, port: int) -> list[Any]:
        with contextlib.suppress(OSError):
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        try:
            found = await self._resolver.resolve(host, "A")
        except dns.exception.DNSException as error:
            raise socket.gaierror(socket.EAI_NONAME, "unknown") from error
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each.to_text(), port)) for each in found]
