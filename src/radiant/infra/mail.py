"""Mail by SMTP: a few plain messages (invitations, password resets), each sent at once, in a thread.

`smtp://user:password@host:587` begins TLS by STARTTLS where the server offers it, `smtps://…:465` at once. A password
is sent over TLS alone, or to this machine itself.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    import smtplib

_SECONDS = 20.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class MailError(Exception):
    """The message was not taken by the mail server; the text says why."""


@dataclass(frozen=True, slots=True)
class _Server:
    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None


def _server_of(url: str) -> _Server:
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise MailError("RADIANT_SMTP_URL: write it as smtp://user:password@host:587 or smtps://…")
    tls = parts.scheme == "smtps"
    return _Server(
        host=parts.hostname,
        port=parts.port or (465 if tls else 587),
        tls=tls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


class Mailer:
    """One per process, made by a root; `url` None: no mail is set up. Raises MailError for a bad `url`."""

    def __init__(self, url: str | None, sender: str | None) -> None:
        self._server = _server_of(url) if url is not None else None
        host = self._server.host if self._server is not None else "localhost"
        self._sender = sender or f"RADIANT <radiant@{host}>"

    @property
    def is_set_up(self) -> bool:
        """Whether messages can be sent at all."""
        return self._server is not None

    async def send(self, to: str, subject: str, text: str) -> None:
        """Send a plain message to one address. Raises MailError."""
        if self._server is None:
            raise MailError("no mail server is set up: RADIANT_SMTP_URL")
        message = EmailMessage()
        try:
            message["From"], message["To"] = self._sender, to
            message["Subject"] = " ".join(subject.split())
        except ValueError as error:
            raise MailError("the address or subject cannot be written into a message") from error
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=parseaddr(self._sender)[1].rpartition("@")[2] or None)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        await asyncio.to_thread(_deliver, self._server, message)


def _deliver(server: _Server, message: EmailMessage) -> None:
    import smtplib  # Large, and most processes send no mail.

    try:
        with _connected(server) as smtp:
            smtp.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise MailError("the mail server refused the recipient") from error
    except smtplib.SMTPResponseException as error:
        raise MailError(f"the mail server answered {error.smtp_code}") from error
    except (smtplib.SMTPException, OSError, ssl.SSLError) as error:
        raise MailError(f"the mail server could not be used: {type(error).__name__}") from error


@contextlib.contextmanager
def _connected(server: _Server) -> "Iterator[smtplib.SMTP]":
    import smtplib

    context = ssl.create_default_context()
    smtp = (
        smtplib.SMTP_SSL(server.host, server.port, timeout=_SECONDS, context=context)
        if server.tls
        else smtplib.SMTP(server.host, server.port, timeout=_SECONDS)
    )
    with smtp:
        smtp.ehlo()
        encrypted = server.tls
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
            encrypted = True
        if server.user is not None:
            if not encrypted and server.host not in _LOOPBACK:
                raise MailError("the mail server offers no TLS, and the password is not sent without")
            smtp.login(server.user, server.password or "")
        yield smtp
