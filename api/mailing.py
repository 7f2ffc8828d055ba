"""The postman: sends each person the digest of the day, once, from whichever process is first."""

import smtplib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from threading import Event, Thread

import structlog
from starlette.datastructures import State

from api.work import Session, transaction
from models.base import utc_now
from services import digests
from services.digests import Letter
from services.mail import NotTaken, Relay, Server
from services.policy import Policy
from services.workdays import is_workday

LOOK_SECONDS = 60.0  # between looks at the clock
REST_SECONDS = 60.0  # after something could not be sent; twice as long each time
REST_MOST_SECONDS = 3600.0
STOP_SECONDS = 25.0  # somewhat longer than a mail server may take for a step

log = structlog.get_logger("nomaybe")


@dataclass
class Round:
    """What became of the letters of one round."""

    sent: int = 0
    refused: int = 0  # not taken, and not tried again today
    left: int = 0  # to be tried again


def send_all(
    state: State, policy: Policy, relay: Relay, stopping: Callable[[], bool] = lambda: False
) -> Round:
    """Send the digests of today that nobody sent yet.

    Each is claimed and committed before it is sent, so that it is sent at most once, whatever
    breaks off; only where the server certainly did not take it, it is given back.

    Args:
        state: With `reader`, `writer`, `turn` and `figures`, as `api.app.furnish` fills it.
        policy: Working days, and where links lead.
        relay: Which server takes the mail.
        stopping: Whether to end before the next letter.
    """
    day = utc_now().date()
    with Session(state.reader) as session:
        waiting = deque(digests.letters(session, policy))
    done = Round(left=len(waiting))
    try:
        while waiting and not stopping():
            with relay.connected() as server:
                # A server may take only so many letters by one connection, and break it off.
                while waiting and not server.lost and not stopping():
                    letter = waiting.popleft()
                    if transaction(state, partial(digests.claim, user_id=letter.user_id, day=day)):
                        _send(state, relay, server, letter, day, done)
                    else:
                        done.left -= 1
    except (OSError, smtplib.SMTPException) as error:
        state.figures.mail_failures.inc()
        log.warning("mail_unavailable", error=f"{type(error).__name__}: {error}"[:300])
    return done


def _send(
    state: State, relay: Relay, server: Server, letter: Letter, day: date, done: Round
) -> None:
    try:
        relay.send(server, letter.to, letter.subject, letter.text)
    except NotTaken as error:
        log.warning("digest_not_taken", person=str(letter.user_id), error=str(error))
        state.figures.mail_failures.inc()
        if error.passing:
            transaction(state, partial(digests.give_back, user_id=letter.user_id, day=day))
        else:
            done.refused += 1
            done.left -= 1
        return
    except (OSError, smtplib.SMTPException):
        done.refused += 1  # it may have been taken: rather none than two
        done.left -= 1
        log.warning("digest_in_doubt", person=str(letter.user_id))
        raise
    done.sent += 1
    done.left -= 1
    transaction(state, partial(digests.taken, user_id=letter.user_id, day=day))
    log.info("digest_sent", person=str(letter.user_id))


class Postman:
    """Sends the digests once a working day, from an hour on.

    Args:
        state: With `reader`, `writer`, `turn` and `figures`.
        policy: Working days, and where links lead.
        relay: Which server takes the mail.
        hour: From when on, in UTC.
    """

    def __init__(self, state: State, policy: Policy, relay: Relay, hour: int) -> None:
        self._state, self._policy, self._relay, self._hour = state, policy, relay, hour
        self._stopping = Event()
        self._done: date | None = None
        self._rest = REST_SECONDS
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to look at the clock, in a thread of its own."""
        self._thread = Thread(target=self._run, name="postman", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the letter at hand, and return."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def is_time(self, now: datetime) -> bool:
        """Whether digests go out now: on a working day, from the hour on, not done yet."""
        day = now.date()
        working = is_workday(day, self._policy.holidays)
        return working and now.hour >= self._hour and self._done != day

    def look(self, now: datetime) -> float:
        """Send what is to be sent now; returns how many seconds to rest."""
        if not self.is_time(now):
            return LOOK_SECONDS
        done = send_all(self._state, self._policy, self._relay, self._stopping.is_set)
        if done.left:
            rest, self._rest = self._rest, min(2 * self._rest, REST_MOST_SECONDS)
            return rest
        self._rest = REST_SECONDS
        self._done = now.date()
        return LOOK_SECONDS

    def _run(self) -> None:
        rest = 0.0
        while not self._stopping.wait(rest):
            try:
                rest = self.look(utc_now())
            except Exception:  # the postman must outlive every error
                log.exception("postman_failed")
                rest = REST_MOST_SECONDS
