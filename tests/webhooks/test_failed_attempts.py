"""A try that comes to nothing is kept with its reason, and tried again."""

import socket
import ssl
from contextlib import ExitStack
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from loyalty.kernel import clock
from loyalty.models import EventBody
from tests.webhooks.consumer import Consumer, Says
from webhooks.models import Attempt, Delivery
from webhooks.services import packing, sending

pytestmark = pytest.mark.django_db(transaction=True)


class TestFailedAttempt:
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_does_not_follow_redirects(self, subscribe, consumer, other_consumer, ada, deliver, status):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=status, headers={"Location": other_consumer.url})

        deliver()

        assert (len(consumer.heard), other_consumer.connections) == (1, 0)
        assert (Attempt.objects.get().status, Attempt.objects.get().error) == (status, sending.REDIRECTED)
        assert Delivery.objects.get().status == "pending"

    def test_is_a_port_where_nobody_listens(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.close()

        deliver()

        assert (Attempt.objects.get().status, Attempt.objects.get().error) == (None, sending.NOT_CONNECTED)

    def test_is_an_address_that_was_allowed_in_the_clear_once(self, subscribe, consumer, ada, deliver, settings):
        subscribe(topics=["customers/joined"])
        settings.WEBHOOKS_ALLOW_HTTP = False

        deliver()

        assert (Attempt.objects.get().error, consumer.connections) == (packing.IN_THE_CLEAR, 0)

    def test_waits_for_fifteen_seconds_and_for_a_connection_for_five(self):
        """Rounded up by nothing: the client would wait until a whole second."""
        kept = sending.TIMEOUT
        assert (kept.total, kept.connect, kept.ceil_threshold > 15, sending.MOST_READ) == (15, 5, True, 65_536)

    def test_is_an_answer_that_does_not_come_in_time(self, subscribe, consumer, ada, deliver, monkeypatch):
        monkeypatch.setattr(sending, "TIMEOUT", sending.aiohttp.ClientTimeout(total=0.3))
        subscribe(topics=["customers/joined"])
        consumer.says = Says(hold=2)

        deliver()

        attempt = Attempt.objects.get()
        assert attempt.error == sending.TIMED_OUT
        assert 300 <= attempt.duration_ms < 1500

    def test_is_a_server_that_takes_no_connection(self, subscribe, ada, deliver, monkeypatch):
        """Its queue is full: what is sent to connect is dropped, and only the shorter time bounds it."""
        monkeypatch.setattr(sending, "TIMEOUT", sending.aiohttp.ClientTimeout(total=15, connect=0.3))
        with ExitStack() as full:
            server = full.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _ in range(3):
                waiting = full.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(server.getsockname())
            subscribe(topics=["customers/joined"], url=f"http://127.0.0.1:{server.getsockname()[1]}/")

            deliver()

        attempt = Attempt.objects.get()
        assert attempt.error == sending.TIMED_OUT
        assert 300 <= attempt.duration_ms < 5_000

    @pytest.mark.parametrize("says", [Says(1000), Says(headers={"X-Trace": "x" * 8_192})], ids=["status", "header"])
    def test_is_an_answer_that_is_not_understood(self, subscribe, consumer, ada, deliver, says):
        subscribe(topics=["customers/joined"])
        consumer.says = says

        deliver()

        assert Attempt.objects.get().error == sending.NOT_HTTP

    def test_is_a_certificate_that_nobody_vouches_for(self, subscribe, ada, deliver, tmp_path):
        consumer = Consumer(tls=self_signed(tmp_path))
        subscribe(topics=["customers/joined"], url=consumer.url)

        deliver()
        consumer.close()

        assert (consumer.heard, Attempt.objects.get().error) == ([], sending.NOT_TRUSTED)

    def test_is_what_nobody_expected_and_is_logged(self, subscribe, consumer, ada, deliver, monkeypatch):
        monkeypatch.setattr(sending, "_read", lambda content: 1 / 0)
        subscribe(topics=["customers/joined"])

        deliver()

        assert Attempt.objects.get().error == sending.NOT_CONNECTED

    def test_is_data_that_was_erased_before_it_was_sent(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=500)
        deliver()
        EventBody.objects.all().delete()
        Delivery.objects.update(next_attempt_at="2026-01-01T00:00:00Z")

        deliver()

        assert len(consumer.heard) == 1
        assert Delivery.objects.get().status == "failed"

    def test_of_one_endpoint_that_cannot_be_signed_for_hurts_no_other(self, subscribe, consumer, ada, deliver):
        broken, fine = subscribe(topics=["customers/joined"]), subscribe(topics=["customers/joined"])
        type(broken).objects.filter(pk=broken.pk).update(secret_sealed=bytes(60))

        deliver()

        assert len(consumer.heard) == 1
        statuses = dict(Delivery.objects.values_list("endpoint_id", "status"))
        assert statuses == {broken.pk: "pending", fine.pk: "delivered"}


def self_signed(directory):
    """A server's side of TLS, with a certificate for 127.0.0.1 that it gave itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = clock.wall()
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = directory / "server.pem"
    path.write_bytes(plain + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
