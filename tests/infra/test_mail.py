"""Mail goes to a mail server, says why it did not, and holds no line of somebody else's making."""

import pytest

from radiant.infra.mail import Mailer, MailError
from tests.kit.mail_server import mail_server


async def test_a_message_arrives_with_its_head_and_text() -> None:
    async with mail_server() as server:
        await Mailer(server.url, "RADIANT <hello@acme.example>").send(
            "jane@example.org", "Grüße\nBcc: x@y", "Text, ä.\n"
        )
        (message,) = server.messages
    assert message["From"] == "RADIANT <hello@acme.example>"
    assert message["Subject"] == "Grüße Bcc: x@y"
    assert message["Bcc"] is None
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content().splitlines() == ["Text, ä."]


async def test_a_refusal_and_a_server_that_is_away_are_said() -> None:
    async with mail_server() as server:
        server.to_recipient = "550 no such user"
        with pytest.raises(MailError, match="refused the recipient"):
            await Mailer(server.url, None).send("jane@example.org", "x", "x")
        server.to_recipient, server.to_message = "250 OK", "554 spam"
        with pytest.raises(MailError, match="554"):
            await Mailer(server.url, None).send("jane@example.org", "x", "x")
        with pytest.raises(MailError):
            await Mailer(server.url, None).send("jane@example.org\r\nBcc: x@y.z", "x", "x")
    with pytest.raises(MailError, match="could not be used"):
        await Mailer(server.url, None).send("jane@example.org", "x", "x")


async def test_a_password_is_not_sent_in_the_clear_to_another_machine() -> None:
    with pytest.raises(MailError, match="smtp://"):
        Mailer("http://mail.example", None)
    assert not Mailer(None, None).is_set_up
    with pytest.raises(MailError, match="RADIANT_SMTP_URL"):
        await Mailer(None, None).send("jane@example.org", "x", "x")
