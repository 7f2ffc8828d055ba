"""Secrets that we must be able to read again, sealed before they are stored."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

LENGTH = 32
KEPT = "secret.key"  # in the data folder


class CannotUnseal(Exception):
    """A sealed value does not open: the secret key is another one than when it was sealed."""


class Vault:
    """Seals and opens values with one key, so that a copy of the database gives nothing away."""

    def __init__(self, key: str) -> None:
        digest = hashlib.sha256(b"nomaybe vault\n" + key.encode()).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(digest))
        self._fingerprints = hashlib.sha256(b"nomaybe fingerprint\n" + key.encode()).digest()
        self._erasures = hashlib.sha256(b"nomaybe erasures\n" + key.encode()).digest()

    def seal(self, value: bytes) -> bytes:
        """The value, sealed. Source: Fernet, AES-128 in CBC mode with HMAC-SHA-256."""
        return self._fernet.encrypt(value)

    def open(self, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            CannotUnseal: It was sealed with another key, or changed.
        """
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise CannotUnseal(
                "A stored secret does not open: NOMAYBE_SECRET_KEY, or secret.key in the data"
                " folder, is not the one it was sealed with."
            ) from None

    def fingerprint(self, value: str) -> str:
        """A keyed hash by which a secret can be recognised without being kept.

        Source: HMAC-SHA-256 (RFC 2104), in hexadecimal.
        """
        return hmac.new(self._fingerprints, value.encode(), hashlib.sha256).hexdigest()

    def erasure_seal(self, value: bytes) -> bytes:
        """What shows that an erasure was made with this key. Source: HMAC-SHA-256 (RFC 2104)."""
        return hmac.digest(self._erasures, value, "sha256")


def kept_key(folder: Path) -> str | None:
    """The secret key kept in a folder; None where there is none."""
    path = folder / KEPT
    return path.read_text().strip() if path.exists() else None


def key_in(folder: Path) -> str:
    """The secret key kept in a folder; made, readable to its owner only, if there is none."""
    path = folder / KEPT
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".secret.key.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(LENGTH))
        try:
            path.hardlink_to(fresh)  # the first one wins where two processes start at once
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()
