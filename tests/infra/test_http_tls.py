"""The HTTP client over TLS, against servers with certificates of our own making."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from radiant.infra.httpclient import ConnectTimeout, CutConnection, HttpClient, TlsFailed
from tests.kit.raw_server import RawServer, raw_server, saying, stay

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject, issued_by = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (name, issuer))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The CA's certificate, and a file with key and certificate of a server that it vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("our ca", ca_key, "our ca", ca_key, ca=True)
    leaf = _certificate("server", key, "our ca", ca_key, ca=False)
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(private + leaf.public_bytes(pem))
    return folder / "ca.pem", folder / "server.pem"


@pytest.fixture
def server_tls(authority: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority[1])
    return context


@pytest.fixture
async def trusting(authority: tuple[Path, Path]) -> AsyncIterator[HttpClient]:
    async with HttpClient(tls=lambda: ssl.create_default_context(cafile=authority[0])) as http:
        yield http


async def ask(http: HttpClient, server: RawServer, host: str = "localhost", **more: float) -> bytes:
    url = server.url("/", "https", host)
    response = await http.request("POST", url, body=b"{}", allow_private=True, **more)
    return await response.read(2**24, 2.0)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
async def test_a_trusted_server_answers_over_one_kept_connection(
    trusting: HttpClient, server_tls: ssl.SSLContext, host: str
):
    async with raw_server(saying(OK), tls=server_tls) as server:
        assert [await ask(trusting, server, host) for _ in range(3)] == [b"hello"] * 3
        assert server.connections == 1


async def test_a_server_that_nobody_vouches_for_is_refused(server_tls: ssl.SSLContext):
    async with raw_server(saying(OK), tls=server_tls) as server, HttpClient() as http:
        with pytest.raises(TlsFailed, match="certificate is not valid"):
            await ask(http, server)
        assert http.open == 0
        await server.all_gone()


@pytest.mark.parametrize("host", ["127.1", "localhost."])
async def test_the_name_must_be_the_certificates(trusting: HttpClient, server_tls: ssl.SSLContext, host: str):
    async with raw_server(saying(OK), tls=server_tls) as server:
        if host == "localhost.":
            # The dot says that the name is whole; a certificate names it without.
            assert await ask(trusting, server, host) == b"hello"
        else:
            with pytest.raises(TlsFailed, match="certificate is not valid"):
                await ask(trusting, server, host)


async def test_a_server_without_tls_is_no_tls_that_we_accept(trusting: HttpClient):
    async with raw_server(saying(b"", after=stay)) as deaf, raw_server(_plain) as plain:
        with pytest.raises(TlsFailed, match="no TLS"):
            await ask(trusting, plain)
        with pytest.raises(ConnectTimeout):
            await ask(trusting, deaf, connect=0.2)
        await deaf.all_gone()
        assert trusting.open == 0


async def _plain(peer: object) -> None:
    from tests.kit.raw_server import Peer

    assert isinstance(peer, Peer)
    await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await peer.reader.read()


async def test_large_bodies_pass_both_ways_and_a_cut_is_seen(trusting: HttpClient, server_tls: ssl.SSLContext):
    big = b"x" * 3_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(big)
    async with raw_server(saying(head + big), tls=server_tls) as server:
        response = await trusting.request("POST", server.url("/", "https"), body=big, allow_private=True, first=5.0)
        assert await response.read(len(big), 2.0) == big
        assert trusting.idle == 1

    async def cut(peer: object) -> None:
        await asyncio.sleep(0.01)

    async with raw_server(saying(OK[:-1], after=cut), tls=server_tls) as server:
        with pytest.raises(CutConnection):
            await ask(trusting, server)


async def test_a_call_cancelled_in_the_handshake_or_after_leaves_nothing(
    trusting: HttpClient, server_tls: ssl.SSLContext
):
    async with raw_server(saying(OK[:-1], b"o", gap=0.005), tls=server_tls) as server:
        for steps in range(40):
            task = asyncio.create_task(ask(trusting, server))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert await ask(trusting, server) == b"hello"
        await asyncio.sleep(0.05)
        assert trusting.open == trusting.idle == server.open
