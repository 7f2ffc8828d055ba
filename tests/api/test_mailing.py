"""The daily digest by mail, against a real SMTP server in this process."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlmodel import col, select

from api.app import create_app
from api.mailing import LOOK_SECONDS, REST_SECONDS, Postman, Round, send_all
from models.base import utc_today
from models.digest import DigestSent
from models.user import User
from services.mail import Encryption, Relay
from services.policy import Policy
from services.settings import Settings
from tests.api.cli.conftest import *  # noqa: F403  # fixtures of the command line
from tests.api.cli.conftest import Run
from tests.factories import Make
from tests.mail import MailServer, certificate, mail_server

SECRET = "hunter2"  # noqa: S105  # of nobody
SIGNED_IN = {"user": "nomaybe", "password": SECRET}
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as server:
        yield server


def relay(mail: MailServer, **given: object) -> Relay:
    """How to reach it."""
    own = {"host": "127.0.0.1", "port": mail.port, "sender": "nomaybe@x.example"}
    return Relay(**own | {"encryption": Encryption.none} | given)  # type: ignore[arg-type]


def owing(make: Make, *emails: str) -> list[User]:
    """People who owe an answer today."""
    found = []
    for email in emails:
        user = make.user(email=email, name=email.partition("@")[0].title())
        ask = make.ask(title=f"Asked of {user.name}: \u00c9lan")
        ask.logged_by, ask.answer_due_on = user.id, utc_today()
        make.session.add(ask)
        make.session.commit()
        found.append(user)
    return found


def claimed(make: Make) -> int:
    """How many digests count as sent."""
    count = len(make.session.exec(select(col(DigestSent.user_id))).all())
    make.session.commit()
    return count


class TestSendAll:
    def test_each_who_owes_gets_one_and_only_one(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "jo@x.example", "sam@x.example")
        make.user(email="free@x.example")

        first = send_all(app.state, policy, relay(mail))
        second = send_all(app.state, policy, relay(mail))

        assert (first, second) == (Round(sent=2), Round())
        assert mail.to() == ["jo@x.example", "sam@x.example"]
        letter = mail.taken[0]
        assert letter["Subject"] == "Nomaybe: 1 due soon"
        assert letter["From"] == "nomaybe@x.example"
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter.get_content_type() == "text/plain"
        assert "Asked of Jo: \u00c9lan" in letter.get_content()
        assert f"{policy.public_url}/asks/" in letter.get_content()

    def test_several_processes_at_once_send_one_each(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        emails = [f"p{number}@x.example" for number in range(6)]
        owing(make, *emails)

        with ThreadPoolExecutor(4) as pool:
            rounds = [pool.submit(send_all, app.state, policy, relay(mail)) for _each in range(4)]
        done = [each.result() for each in rounds]

        assert sorted(mail.to()) == emails
        assert sum(each.sent for each in done) == 6
        assert sum(each.left + each.refused for each in done) == 0

    def test_a_server_that_is_not_there_costs_nobody_the_digest(
        self, app: FastAPI, make: Make, policy: Policy
    ) -> None:
        owing(make, "sam@x.example")
        with mail_server() as gone:
            pass

        assert send_all(app.state, policy, relay(gone)) == Round(left=1)
        assert claimed(make) == 0

    def test_not_now_is_tried_again_and_never_is_not(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "away@x.example", "full@x.example", "sam@x.example")
        mail.refusals = {"full@x.example": "450 later", "away@x.example": "550 never"}

        assert send_all(app.state, policy, relay(mail)) == Round(sent=1, refused=1, left=1)
        mail.refusals = {}
        assert send_all(app.state, policy, relay(mail)) == Round(sent=1)
        assert mail.to() == ["sam@x.example", "full@x.example"]

    def test_a_server_that_ends_the_connection_costs_the_next_one_nothing(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "jo@x.example", "sam@x.example")
        mail.refusals = {"jo@x.example": "421 too many of one connection"}

        assert send_all(app.state, policy, relay(mail)) == Round(sent=1, left=1)
        mail.refusals = {}
        assert send_all(app.state, policy, relay(mail)) == Round(sent=1)
        assert mail.to() == ["sam@x.example", "jo@x.example"]

    def test_stops_before_the_next_letter(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "jo@x.example", "sam@x.example")

        done = send_all(app.state, policy, relay(mail), lambda: bool(mail.taken))

        assert done == Round(sent=1, left=1)
        assert claimed(make) == 1

    def test_where_nobody_knows_whether_it_was_taken_it_is_not_sent_twice(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "jo@x.example", "sam@x.example")
        mail.hangs_up = True

        assert send_all(app.state, policy, relay(mail)) == Round(refused=1, left=1)
        mail.hangs_up = False
        assert send_all(app.state, policy, relay(mail)) == Round(sent=1)
        assert mail.to() == ["jo@x.example", "sam@x.example"]
        with TestClient(app) as client:
            figures = client.get("/metrics").text
        assert "nomaybe_digests_not_taken 1.0" in figures
        assert "nomaybe_mail_failures_total 1.0" in figures


class TestEncryption:
    def test_from_the_first_byte(
        self,
        app: FastAPI,
        make: Make,
        policy: Policy,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        owing(make, "sam@x.example")
        shown, tls = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))

        with mail_server(tls=tls, at_once=True) as mail:
            sure = relay(mail, encryption=Encryption.tls, **SIGNED_IN)
            assert send_all(app.state, policy, sure) == Round(sent=1)

        assert f"\0nomaybe\0{SECRET}" in mail.said

    def test_the_password_goes_to_a_server_that_we_trust(
        self,
        app: FastAPI,
        make: Make,
        policy: Policy,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        owing(make, "sam@x.example")
        shown, tls = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))

        with mail_server(tls=tls) as mail:
            sure = relay(mail, encryption=Encryption.starttls, **SIGNED_IN)
            assert send_all(app.state, policy, sure) == Round(sent=1)

        assert f"\0nomaybe\0{SECRET}" in mail.said
        assert SECRET not in repr(sure)

    def test_no_password_goes_to_one_that_we_do_not(
        self, app: FastAPI, make: Make, policy: Policy, tmp_path: Path
    ) -> None:
        owing(make, "sam@x.example")

        with mail_server(tls=certificate(tmp_path)[1]) as mail:
            doubtful = relay(mail, encryption=Encryption.starttls, **SIGNED_IN)
            assert send_all(app.state, policy, doubtful) == Round(left=1)

        assert not any("AUTH" in line for line in mail.said)

    def test_nor_to_one_that_does_not_encrypt(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "sam@x.example")

        clear = relay(mail, encryption=Encryption.starttls, **SIGNED_IN)

        assert send_all(app.state, policy, clear) == Round(left=1)
        assert not any("AUTH" in line for line in mail.said)


class TestPostman:
    @pytest.mark.parametrize(
        ("now", "time"),
        [
            (MONDAY, True),
            (MONDAY.replace(hour=6), True),
            (MONDAY.replace(hour=5, minute=59), False),
            (MONDAY.replace(day=22), False),  # a Sunday
            (MONDAY.replace(day=24), False),  # a holiday
        ],
    )
    def test_goes_out_on_working_days_from_the_hour_on(
        self, app: FastAPI, mail: MailServer, now: datetime, *, time: bool
    ) -> None:
        policy = Policy(holidays=frozenset({date(2026, 11, 24)}))

        assert Postman(app.state, policy, relay(mail), 6).is_time(now) is time

    def test_goes_once_a_day_and_again_where_something_is_left(
        self, app: FastAPI, mail: MailServer, make: Make, policy: Policy
    ) -> None:
        owing(make, "sam@x.example")
        postman = Postman(app.state, policy, relay(mail), 0)
        mail.refusals = {"sam@x.example": "450 later"}

        assert postman.look(MONDAY) == REST_SECONDS
        assert postman.look(MONDAY) == 2 * REST_SECONDS
        mail.refusals = {}
        assert postman.look(MONDAY) == LOOK_SECONDS
        assert not postman.is_time(MONDAY)
        assert postman.is_time(MONDAY.replace(day=30))
        assert mail.to() == ["sam@x.example"]

    def test_stops_at_once(self, app: FastAPI, mail: MailServer, policy: Policy) -> None:
        postman = Postman(app.state, policy, relay(mail), 0)
        postman.start()

        postman.stop()

        assert postman.is_time(MONDAY.replace(year=2099, month=11, day=23)) in {True, False}

    def test_a_server_has_one_where_mail_is_set(self, settings: Settings, mail: MailServer) -> None:
        own = {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_from": "n@x.example"}
        with TestClient(create_app(settings.model_copy(update=own))) as client:
            app = client.app
            assert isinstance(app, FastAPI)
            assert app.state.postman is not None
            assert client.get("/livez").status_code == 200


class TestCommand:
    def test_dry_run_prints_and_sends_none(self, on_file: Run, make: Make) -> None:
        owing(make, "sam@x.example")

        result = on_file("digest", "--dry-run")

        assert result.exit_code == 0, result.output
        assert "To: sam@x.example\nSubject: Nomaybe: 1 due soon" in result.output
        assert claimed(make) == 0

    def test_dry_run_where_nobody_owes_anything(self, on_file: Run) -> None:
        assert "Nobody owes anything" in on_file("digest", "--dry-run").output

    def test_without_a_mail_server(self, on_file: Run) -> None:
        result = on_file("digest")

        assert result.exit_code == 2
        assert "NOMAYBE_SMTP_HOST" in result.stderr

    def test_sends(
        self, on_file: Run, make: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owing(make, "sam@x.example")
        monkeypatch.setenv("NOMAYBE_SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("NOMAYBE_SMTP_PORT", str(mail.port))
        monkeypatch.setenv("NOMAYBE_SMTP_FROM", "Nomaybe@X.example")
        monkeypatch.setenv("NOMAYBE_SMTP_ENCRYPTION", "none")

        assert on_file("digest").output.endswith("1 sent.\n")
        assert on_file("digest").output.endswith("0 sent.\n")
        assert mail.to() == ["sam@x.example"]
        assert mail.taken[0]["From"] == "nomaybe@x.example"

    def test_says_what_could_not_be_sent(
        self, on_file: Run, make: Make, mail: MailServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owing(make, "sam@x.example")
        mail.refusals = {"sam@x.example": "450 later"}
        for name, value in [("HOST", "127.0.0.1"), ("PORT", mail.port), ("FROM", "n@x.example")]:
            monkeypatch.setenv(f"NOMAYBE_SMTP_{name}", str(value))
        monkeypatch.setenv("NOMAYBE_SMTP_ENCRYPTION", "none")

        result = on_file("digest")

        assert result.exit_code == 1
        assert "1 could not be sent" in result.stderr


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"smtp_host": "mail"}, "smtp_from"),
        ({"smtp_from": "nobody"}, "smtp_from"),
        ({"smtp_user": "x", "smtp_encryption": "none"}, "smtp_encryption"),
        ({"smtp_encryption": "ssl"}, "smtp_encryption"),
        ({"digest_hour": 24}, "digest_hour"),
    ],
)
def test_half_a_mail_server_is_refused(given: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        Settings(**given)  # type: ignore[arg-type]

    assert error.value.errors()[0]["loc"][0] == field
