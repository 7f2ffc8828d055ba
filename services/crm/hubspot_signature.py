"""How HubSpot signs its calls: v3, and the older v1 and v2 where the settings let them pass.

Source: developers.hubspot.com, "Validating requests". HubSpot's own libraries take timestamps in
the future, and do not decode the address as that page asks; so these are lines of our own,
checked against its vectors.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from services.crm.dialect import Arrival

V3, STAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
OLD, VERSION = "x-hubspot-signature", "x-hubspot-signature-version"
HEADERS = frozenset({V3, STAMP, OLD, VERSION})

WINDOW = 300_000  # milliseconds, before and after
LONGEST_STAMP = 15
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
METHOD = "POST"
# All others stay encoded, as the space and the ampersand.
DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
_ENCODED = re.compile("|".join(DECODED), re.IGNORECASE)


def fits(arrival: Arrival, secret: str, *, old: bool = False) -> bool:
    """Whether a call was signed with a secret, about now.

    Args:
        arrival: The call; its `url` is the one that HubSpot was given.
        secret: The client secret of the app.
        old: Whether v1 and v2 count where there is no v3. They sign no time.
    """
    if V3 in arrival.headers or not old:
        stamp = arrival.headers.get(STAMP, "")
        right = v3(secret, METHOD, arrival.url, arrival.body, stamp)
        return _is_now(arrival.at, stamp) and _same(arrival.headers.get(V3, ""), right)
    given, version = arrival.headers.get(OLD, ""), arrival.headers.get(VERSION, "").lower()
    if version == "v1":
        return _same(given, v1(secret, arrival.body))
    if version == "v2":
        return _same(given, v2(secret, METHOD, arrival.url, arrival.body))
    return False


def v1(secret: str, body: bytes) -> str:
    """SHA-256 of secret and body, in hexadecimal."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v2(secret: str, method: str, url: str, body: bytes) -> str:
    """SHA-256 of secret, method, address and body, in hexadecimal."""
    return hashlib.sha256(f"{secret}{method}{url}".encode() + body).hexdigest()


def v3(secret: str, method: str, url: str, body: bytes, stamp: str) -> str:
    """HMAC-SHA-256 of method, decoded address, body and timestamp, in base64."""
    address = _ENCODED.sub(lambda found: DECODED[found[0].upper()], url)
    signed = f"{method}{address}".encode() + body + stamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def _is_now(at: datetime, stamp: str) -> bool:
    if not (stamp.isascii() and stamp.isdigit()) or len(stamp) > LONGEST_STAMP:
        return False
    return abs((at - EPOCH) // timedelta(milliseconds=1) - int(stamp)) <= WINDOW


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(), right.encode())
