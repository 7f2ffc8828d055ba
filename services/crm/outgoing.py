"""Calls to a CRM: one host, no redirects, bounded in time and size, patient within limits."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic_core import from_json

from services.crm.vendor import (
    CrmLimits,
    CrmNotUnderstood,
    CrmUnreachable,
    NotOffered,
    RequestRefused,
    TokenRefused,
)

CONNECT_SECONDS, READ_SECONDS, CALL_SECONDS = 5.0, 30.0, 120.0
LARGEST = 32 * 1024 * 1024  # bytes of one answer
TRIES = 5
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds after a failure
LONGEST_PAUSE = 120.0  # a CRM that wants more is asked again another time
UNTOLD_PAUSE = 10.0  # where a limit is reached and the CRM does not say for how long
SHOWN = 200

OK, REDIRECTS, BAD_REQUEST, UNAUTHORIZED, FORBIDDEN = 200, 300, 400, 401, 403
NOT_FOUND, GONE, TOO_MANY, FAILED = 404, 410, 429, 500


@dataclass(frozen=True)
class Answer:
    """What a CRM answered, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Client:
    """Calls one CRM with one token.

    Args:
        brand: What the CRM is called in messages.
        base_url: Where it is; the operator's setting, never a user's.
        header: The header that carries the token, and what stands before it.
        token: The token; it is in no message and no address.
        wait: How to wait some seconds.
        spacing: Seconds from the beginning of one call to the next.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        brand: str,
        base_url: str,
        header: tuple[str, str],
        token: str,
        *,
        wait: Callable[[float], None],
        spacing: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.brand = brand
        self._token, self._wait, self._clock = token, wait, clock
        self._spacing, self._last = spacing, float("-inf")
        self._http = httpx.Client(
            base_url=base_url,
            headers={
                header[0]: header[1] + token,
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # so that what we count is what we hold
                "User-Agent": "Nomaybe",
            },
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, **params: str | int) -> Any:
        """What is at an address, read from JSON; see `_call` for the errors."""
        return self._call("GET", path, params=params)

    def post(self, path: str, content: Any) -> Any:
        """What is answered to JSON, read from JSON; see `_call` for the errors."""
        return self._call("POST", path, json=content)

    def _call(self, method: str, path: str, **sent: Any) -> Any:
        """Ask, and again after a while where that may help.

        Raises:
            TokenRefused: The token is none, or may not.
            CrmLimits: A limit is reached, and we would wait too long.
            CrmUnreachable: It failed each time.
            CrmNotUnderstood: The answer is none that the documentation tells of.
        """
        said, pause = "", 0.0
        for attempt in range(TRIES):
            if attempt:
                self._wait(pause)
            try:
                answer = self._once(method, path, **sent)
            except httpx.TransportError as error:
                said, pause = type(error).__name__, PAUSES[min(attempt, len(PAUSES) - 1)]
                continue
            if answer.status == TOO_MANY:
                said, pause = "429", self._told(answer)
            elif answer.status >= FAILED:
                said, pause = str(answer.status), PAUSES[min(attempt, len(PAUSES) - 1)]
            else:
                return self._content(answer)
        if said == str(TOO_MANY):
            raise CrmLimits(f"{self.brand} said {TRIES} times that its limit is reached.")
        raise CrmUnreachable(f"{self.brand} failed {TRIES} times; the last time: {said}.")

    def _once(self, method: str, path: str, **sent: Any) -> Answer:
        early = self._last + self._spacing - self._clock()
        if early > 0:
            self._wait(early)
        self._last = started = self._clock()
        body = bytearray()
        with self._http.stream(method, path, **sent) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise CrmNotUnderstood(f"{self.brand} compresses its answer, unasked.")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > LARGEST:
                    raise CrmNotUnderstood(f"{self.brand} answers more than {LARGEST} bytes.")
                if self._clock() - started > CALL_SECONDS:
                    raise httpx.ReadTimeout("the whole answer took too long")
        return Answer(response.status_code, response.headers, bytes(body))

    def _told(self, answer: Answer) -> float:
        """How long to wait after a limit was reached, in seconds."""
        if answer.headers.get("x-daily-ratelimit-token-remaining") == "0" or (
            b'"DAILY"' in answer.body
        ):
            raise CrmLimits(f"The limit of {self.brand} for today is reached.")
        given = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-reset", "")
        if not (given.isascii() and given.isdigit()):
            return UNTOLD_PAUSE
        seconds = float(given[:9])
        if seconds > LONGEST_PAUSE:
            raise CrmLimits(f"{self.brand} wants us to wait for {seconds:.0f} seconds.")
        return max(seconds, 1.0)

    def _content(self, answer: Answer) -> Any:
        if answer.status == UNAUTHORIZED:
            raise TokenRefused(f"{self.brand} does not know the token.")
        if answer.status == FORBIDDEN:
            said = self._said(answer) or "it says no more, as after too many calls"
            raise TokenRefused(f"{self.brand} does not let the token read this: {said}.")
        try:
            content = from_json(answer.body, allow_inf_nan=False)
        except ValueError:
            content = None
        if answer.status == BAD_REQUEST:
            raise RequestRefused(f"{self.brand} refuses the request: {self._said(answer)}.")
        if answer.status in (NOT_FOUND, GONE):
            raise NotOffered(f"{self.brand} answers {answer.status}: there is nothing there.")
        if not OK <= answer.status < REDIRECTS or not isinstance(content, dict):
            said = self._said(answer) or "no JSON object"
            raise CrmNotUnderstood(f"{self.brand} answers {answer.status}: {said}.")
        return content

    def _said(self, answer: Answer) -> str:
        """What the CRM says is wrong, made harmless, and without the token."""
        try:
            content = from_json(answer.body, allow_inf_nan=False)
        except ValueError:
            return ""
        found = content.get("message", content.get("error")) if isinstance(content, dict) else None
        if not isinstance(found, str):
            return ""
        plain = "".join(each if each.isprintable() else "?" for each in found)
        return plain.replace(self._token, "[token]")[:SHOWN].rstrip(". ")
