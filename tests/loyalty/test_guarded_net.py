"""Where we connect to: public addresses only, whatever a URL or a name server says."""

import asyncio
import contextlib
import socket
from ipaddress import ip_address

import aiohttp
import pytest

from loyalty.kernel import net
from tests.loyalty.destinations import NOT_PUBLIC, PUBLIC, SAFE, UNSAFE
from tests.loyalty.nameserver import NameServer, Resolving

LOOPBACK = net.networks(["127.0.0.0/8", "::1/128"])


class TestAddress:
    @pytest.mark.parametrize("text", NOT_PUBLIC)
    def test_that_is_not_public_is_known_as_such(self, text):
        assert not net.is_public(ip_address(text))

    @pytest.mark.parametrize("text", PUBLIC)
    def test_of_the_internet_is_public(self, text):
        assert net.is_public(ip_address(text))


class TestUrl:
    @pytest.mark.parametrize("url", UNSAFE, ids=ascii)
    def test_that_is_unsafe_is_refused(self, url):
        with pytest.raises(net.UnsafeUrl):
            net.check_url(url, field="url", allow_http=True)

    @pytest.mark.parametrize("url", SAFE, ids=ascii)
    def test_that_is_safe_is_accepted_over_tls(self, url):
        net.check_url(url.replace("http://", "https://", 1)[:2048], field="url")

    def test_over_plain_http_needs_development(self):
        with pytest.raises(net.UnsafeUrl, match="https"):
            net.check_url("http://example.com/", field="url")

        net.check_url("http://example.com/", field="url", allow_http=True)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "http://[::1]:9000/", "http://localhost:9000/"])
    def test_of_this_machine_needs_an_allowed_network(self, url):
        net.check_url(url, field="url", allow_http=True, allowed=LOOPBACK)

    def test_of_another_private_network_does_not_pass_with_it(self):
        with pytest.raises(net.UnsafeUrl):
            net.check_url("http://10.0.0.1/", field="url", allow_http=True, allowed=LOOPBACK)


class Listener:
    """Counts who connects to any address of this machine."""

    def __init__(self):
        self.connections = 0

    async def __aenter__(self):
        self._servers = [await asyncio.start_server(self._count, "127.0.0.1", 0)]
        with contextlib.suppress(OSError):  # a machine without IPv6
            self._servers.append(await asyncio.start_server(self._count, "::1", 0))
        ports = [server.sockets[0].getsockname()[1] for server in self._servers]
        self.port, self.port6 = ports[0], ports[-1]
        return self

    async def __aexit__(self, *failure):
        for server in self._servers:
            server.close()

    async def _count(self, reader, writer):
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        writer.close()


class Names(net.Guard):
    """A guard whose name server says what a test says, answer by answer; the last one stays."""

    def __init__(self, *answers, allowed=()):
        super().__init__(allowed)
        self.answers = list(answers)

    async def look_up(self, host, port):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in answer]


def posted(guard, url, *, times=1):
    """What each of some posts came to, and how many connections were made for them."""

    async def run():
        async with Listener() as listener:
            at = url.format(port=listener.port, port6=listener.port6)
            outcomes = []
            for _ in range(times):
                async with net.session(guard, timeout=aiohttp.ClientTimeout(total=5)) as session:
                    try:
                        async with session.post(at, data=b"{}") as response:
                            outcomes.append(response.status)
                    except (OSError, aiohttp.ClientError, ValueError) as error:
                        outcomes.append(error)
            return outcomes, listener.connections

    return asyncio.run(run())


class TestConnection:
    @pytest.mark.parametrize(
        "host",
        [
            *(
                "127.0.0.1",
                "localhost",
                "LOCALHOST",
                "localhost.",
                "2130706433",
                "0x7f000001",
                "017700000001",
                "127.1",
            ),
            *("0177.0.0.1", "0", "0.0.0.0", "①②⑦.⓪.⓪.①", "127.0.0.1.", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
            "user@127.0.0.1",
        ],
    )
    def test_to_this_machine_is_never_made(self, host):
        (outcome,), connections = posted(net.Guard(), f"http://{host}:{{port}}/")

        assert isinstance(outcome, Exception)
        assert connections == 0

    @pytest.mark.parametrize("host", ["[::1]", "[0:0:0:0:0:0:0:1]", "localhost", "ip6-localhost"])
    def test_to_this_machine_is_never_made_over_ipv6(self, host):
        (outcome,), connections = posted(net.Guard(), f"http://{host}:{{port6}}/")

        assert isinstance(outcome, Exception)
        assert connections == 0

    def test_is_made_where_a_network_is_allowed(self):
        """The control: the listener does hear who is let through."""
        assert posted(net.Guard(LOOPBACK), "http://127.0.0.1:{port}/") == ([204], 1)

    @pytest.mark.parametrize("answer", [["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"], ["10.0.0.1"]])
    def test_is_not_made_if_any_address_of_the_name_is_private(self, answer):
        (outcome,), connections = posted(Names(answer), "http://hooks.example:{port}/")

        assert isinstance(outcome.__cause__, net.AddressRefused)
        assert connections == 0

    def test_goes_to_the_address_that_was_judged(self):
        """Rebinding: a second look-up, if there were one, would lead elsewhere."""
        guard = Names(["127.0.0.1"], ["169.254.169.254"], allowed=net.networks(["127.0.0.1/32"]))

        assert posted(guard, "http://hooks.example:{port}/") == ([204], 1)
        assert guard.answers == [["169.254.169.254"]]

    def test_is_judged_anew_each_time(self):
        """First the name is good, then it leads to this machine's other address."""
        guard = Names(["127.0.0.1"], ["127.0.0.2"], allowed=net.networks(["127.0.0.1/32"]))

        (first, second), connections = posted(guard, "http://hooks.example:{port}/", times=2)

        assert (first, connections) == (204, 1)
        assert isinstance(second.__cause__, net.AddressRefused)

    def test_is_refused_where_the_name_was_unknown_at_first(self):
        guard = Names([], ["127.0.0.1"])

        outcomes, connections = posted(guard, "http://hooks.example:{port}/", times=2)

        assert [type(outcome) for outcome in outcomes] == [aiohttp.ClientConnectorDNSError] * 2
        assert connections == 0

    def test_ignores_a_proxy_of_the_environment(self, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

        assert posted(net.Guard(LOOPBACK), "http://127.0.0.1:{port}/") == ([204], 1)

    def test_of_a_socket_is_judged_whoever_asks_for_it(self):
        with (
            pytest.raises(net.AddressRefused),
            contextlib.closing(
                net.Guard().open_socket((socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80)))
            ),
        ):
            pass


OTHER = "127.0.0.2"  # of this machine, too; nobody allows it


@pytest.fixture
def names():
    server = NameServer(
        {
            "turns.example": [[("A", "127.0.0.1")], [("A", OTHER)]],
            "mixed.example": [[("A", "127.0.0.1"), ("A", OTHER)]],
            "alias.example": [[("CNAME", "inner.example."), ("CNAME", "deep.example."), ("A", OTHER)]],
            "later.example": [[], [("A", "169.254.169.254")]],
            "cloud.example": [[("A", "169.254.169.254")]],
            "zero.example": [[("A", "0.0.0.0")]],
            "good.example": [[("A", "127.0.0.1")]],
        }
    )
    yield server
    server.close()


class TestNameServer:
    """What is public for these tests is 127.0.0.1, where the listener is; its neighbour is not."""

    def posted(self, names, host, **rest):
        guard = Resolving(names, allowed=net.networks(["127.0.0.1/32"]))
        return posted(guard, f"http://{host}:{{port}}/", **rest)

    @pytest.mark.parametrize("host", ["mixed.example", "alias.example", "cloud.example", "zero.example"])
    def test_that_leads_inside_is_not_followed(self, names, host):
        (outcome,), connections = self.posted(names, host)

        assert isinstance(outcome.__cause__, net.AddressRefused)
        assert (connections, names.asked[host]) == (0, 1)

    def test_that_changes_its_mind_is_not_followed_the_second_time(self, names):
        (first, second), connections = self.posted(names, "turns.example", times=2)

        assert (first, connections) == (204, 1)
        assert isinstance(second.__cause__, net.AddressRefused)

    def test_that_knew_nothing_at_first_is_judged_when_it_does(self, names):
        (first, second), connections = self.posted(names, "later.example", times=2)

        assert isinstance(first, aiohttp.ClientConnectorDNSError)
        assert isinstance(second.__cause__, net.AddressRefused)
        assert connections == 0

    def test_that_leads_outside_is_followed(self, names):
        """The control."""
        assert self.posted(names, "good.example") == ([204], 1)
