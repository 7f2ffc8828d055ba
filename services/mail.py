"""Mail by SMTP: one server, plain text."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from typing import Any

from models.base import utc_now

SECONDS = 20  # that the server may take for each step
REFUSED = 500  # from here on a code means never, below it not now


class Encryption(StrEnum):
    """How a connection to a mail server is encrypted."""

    starttls = "starttls"  # it begins in clear, and nothing is said before it is encrypted
    tls = "tls"  # from the first byte
    none = "none"


class NotTaken(Exception):
    """The server said no to a message, and has not taken it.

    Args:
        said: What it said.
        passing: Whether it may take it later.
    """

    def __init__(self, said: str, *, passing: bool) -> None:
        super().__init__(said)
        self.passing = passing


class Server(smtplib.SMTP):
    """A connection to a mail server, which knows whether a letter was begun."""

    begun = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand over a letter; until here the server has nothing that it could have taken."""
        self.begun = True
        return super().data(msg)

    @property
    def lost(self) -> bool:
        """Whether it broke off."""
        return self.sock is None


class EncryptedServer(Server, smtplib.SMTP_SSL):
    """Likewise, encrypted from the first byte."""


@dataclass(frozen=True)
class Relay:
    """The mail server that takes our mail, and in whose name it is sent."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    encryption: Encryption = Encryption.starttls

    @contextmanager
    def connected(self) -> "Iterator[Server]":
        """A connection to the server, signed in where a user is set.

        Raises:
            OSError: It cannot be reached, or its certificate is not one we trust.
            SMTPException: It refused to encrypt, or the user or password.
        """
        with self._reached() as server:
            if self.encryption is Encryption.starttls:
                server.starttls(context=ssl.create_default_context())
            if self.user:
                server.login(self.user, self.password)
            yield server

    def _reached(self) -> Server:
        if self.encryption is Encryption.tls:
            trust = ssl.create_default_context()
            return EncryptedServer(self.host, self.port, timeout=SECONDS, context=trust)
        return Server(self.host, self.port, timeout=SECONDS)

    def send(self, server: Server, to: str, subject: str, text: str) -> None:
        """Send one letter.

        Raises:
            NotTaken: The server said no, or the connection broke before the letter was begun.
            OSError, SMTPException: It broke after that; it may have taken the letter or not.
        """
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Date"] = format_datetime(utc_now())
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        server.begun = False
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            ((code, said),) = error.recipients.values()
            raise _not_taken(code, said) from None
        except smtplib.SMTPResponseException as error:
            raise _not_taken(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            raise NotTaken(str(error), passing=False) from None
        except (OSError, smtplib.SMTPException) as error:
            if server.begun:
                raise
            raise NotTaken(f"{type(error).__name__}: {error}"[:300], passing=True) from None


def _not_taken(code: int, said: bytes | str) -> NotTaken:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return NotTaken(f"{code} {text}"[:300], passing=code < REFUSED)
