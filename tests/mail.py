"""A real SMTP server for tests: it speaks the protocol on a socket, and keeps what it takes."""

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from models.base import utc_now


@dataclass
class MailServer:
    """What the server says and keeps. `refusals` are answers to recipients, by address;
    `hangs_up` breaks the connection off when a message was received; `at_once` encrypts it from the
    first byte.
    """

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # all lines, also those of a password
    refusals: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    tls: ssl.SSLContext | None = None
    at_once: bool = False

    def to(self) -> list[str]:
        """Who got mail, in order."""
        return [str(message["To"]) for message in self.taken]


class _Talk(StreamRequestHandler):
    def handle(self) -> None:
        mail: MailServer = cast("Any", self.server).mail
        if mail.tls is None or not mail.at_once or self._encrypted(mail.tls):
            self._talk(mail)

    def _talk(self, mail: MailServer) -> None:
        self._say("220 tests")
        while line := self.rfile.readline():
            said = line.decode().rstrip("\r\n")
            mail.said.append(said)
            word = said.upper()
            if word.startswith("EHLO"):
                offers = ["250-tests", *(["250-STARTTLS"] if mail.tls else []), "250 AUTH PLAIN"]
                self._say("\r\n".join(offers))
            elif word == "STARTTLS" and mail.tls:
                self._say("220 go on")
                if not self._encrypted(mail.tls):
                    return  # they do not trust us
            elif word.startswith("AUTH PLAIN"):
                mail.said.append(base64.b64decode(said.split()[2]).decode())
                self._say("235 welcome")
            elif word.startswith("RCPT"):
                who = said.partition("<")[2].partition(">")[0]
                self._say(mail.refusals.get(who, "250 yes"))
            elif word == "DATA":
                self._say("354 go on")
                mail.taken.append(self._message())
                if mail.hangs_up:
                    return
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 yes")

    def finish(self) -> None:
        super().finish()
        self.request.close()  # the encrypted one, of which the server does not know

    def _encrypted(self, tls: ssl.SSLContext) -> bool:
        try:
            self.request = tls.wrap_socket(self.request, server_side=True)
        except ssl.SSLError:
            return False
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", 0)
        return True

    def _message(self) -> EmailMessage:
        lines = []
        while (each := self.rfile.readline()) != b".\r\n":
            lines.append(each.removeprefix(b"."))
        return message_from_bytes(b"".join(lines), policy=default)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(ThreadingTCPServer):
    daemon_threads = True
    mail: MailServer


@contextmanager
def mail_server(**given: Any) -> Iterator[MailServer]:
    """A server that runs on a free port of 127.0.0.1 while the block does."""
    mail = MailServer(**given)
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.mail, mail.port = mail, int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield mail
        finally:
            server.shutdown()
            thread.join()


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that vouches for itself, as a file and as a server shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(utc_now() - timedelta(days=1))
        .not_valid_after(utc_now() + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "shown.pem", folder / "secret.pem"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return shown, context
