"""The worker's part: each event is read once, errors are tried again, faults are parked."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.ask import Ask, Source
from models.base import utc_now
from models.connector import Connector, ConnectorKind, ConnectorNew, ConnectorSettings
from models.database import connect
from models.delivery import Delivery, DeliveryEvent, DeliveryKey, DeliveryState, DeliveryStatus
from models.user import User
from services import connectors, reading, receiving, sign_in
from services.crm import DIALECTS
from services.crm.dialect import Acknowledgement, Arrival, Told, all_of_it
from services.errors import Invalid
from services.permissions import Caller
from services.policy import Policy
from services.reading import LEASE, MOST_ASKS, TRIES, Claim
from services.receiving import Posted
from services.vault import Vault
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.senders import ACME, BEARER

RECEIVED, PROCESSED = DeliveryState.received, DeliveryState.processed
PARKED, DUPLICATE = DeliveryState.parked, DeliveryState.duplicate
VAULT = Vault("v" * 40)
ASK = {"title": "SSO", "account": ACME}


@pytest.fixture
def connector(session: Session, make: Make, admin: Caller) -> Connector:
    make.product()
    new = ConnectorNew(kind=ConnectorKind.generic, name="Home-made", secret=BEARER)
    made = connectors.create_connector(session, admin, VAULT, new)
    session.commit()
    return made


def deliver(session: Session, connector: Connector, body: Any) -> None:
    arrival = Arrival(
        "https://x",
        {"authorization": f"Bearer {BEARER}"},
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        utc_now(),
    )
    receiving.receive(session, VAULT, [Posted(ConnectorKind.generic, connector.id, arrival)])
    session.commit()


def claim(session: Session, limit: int = 10) -> list[Claim]:
    claims = reading.claim(session, limit)
    session.commit()
    return claims


def read(session: Session) -> list[DeliveryState | None]:
    """Claim and process all that is due."""
    found = []
    for held in claim(session):
        found.append(reading.process(session, Policy(), held))
        session.commit()
    return found


def status(session: Session) -> DeliveryStatus:
    """The only delivery's status."""
    session.expire_all()
    found: DeliveryStatus = session.execute(select(DeliveryStatus)).scalar_one()
    return found


def titles(session: Session) -> list[str]:
    return list(session.execute(select(col(Ask.title)).order_by(col(Ask.id))).scalars())


class TestClaim:
    def test_takes_what_is_due(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)

        (held,) = claim(session)

        assert (held.kind, held.attempt) == (ConnectorKind.generic, 1)

    def test_nobody_else_gets_it_meanwhile(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        claim(session)

        assert claim(session) == []

    def test_an_expired_one_is_taken_again(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        (first,) = claim(session)
        status(session).due_at -= LEASE
        session.commit()

        (second,) = claim(session)

        assert second == replace(first, attempt=2)

    def test_the_oldest_come_first(self, session: Session, connector: Connector) -> None:
        for title in "ABC":
            deliver(session, connector, ASK | {"title": title})
        ids = session.execute(select(col(Delivery.id)).order_by(col(Delivery.id))).scalars().all()

        assert [held.delivery_id for held in claim(session, 2)] == ids[:2]

    def test_given_back_it_is_due_and_was_not_tried(
        self, session: Session, connector: Connector
    ) -> None:
        deliver(session, connector, ASK)

        reading.give_back(session, claim(session))

        assert [held.attempt for held in claim(session)] == [1]

    def test_waiting_tells_whether_any_is_due(self, session: Session, connector: Connector) -> None:
        before = reading.waiting(session)
        deliver(session, connector, ASK)

        assert (before, reading.waiting(session)) == (False, True)

    @pytest.mark.skipif(ON_SQLITE, reason="SQLite has one writer at a time")
    def test_two_workers_at_once_take_different_ones(
        self, session: Session, connector: Connector, database_url: str
    ) -> None:
        for title in "AB":
            deliver(session, connector, ASK | {"title": title})
        engine = connect(database_url)

        with Session(engine) as other:
            first, second = reading.claim(session, 1), reading.claim(other, 5)
            other.rollback()
        engine.dispose()

        assert len(first) == len(second) == 1
        assert first[0].delivery_id != second[0].delivery_id


class TestProcess:
    def test_logs_the_asks(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [ASK, ASK | {"title": "SCIM"}])

        assert read(session) == [PROCESSED]
        assert titles(session) == ["SSO", "SCIM"]

    def test_says_which(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)

        read(session)

        ask = session.execute(select(col(Ask.id))).scalar_one()
        assert status(session).outcome == {
            "asks": [str(ask)],
            "each": [{"index": 0, "deed": "logged", "ask": str(ask), "note": None}],
        }

    def test_writes_down_that_the_state_changed(
        self, session: Session, connector: Connector
    ) -> None:
        deliver(session, connector, ASK)

        read(session)

        assert session.execute(select(col(DeliveryEvent.state))).scalars().all() == [PROCESSED]

    def test_the_same_event_again_is_a_duplicate(
        self, session: Session, connector: Connector
    ) -> None:
        for _again in range(3):
            deliver(session, connector, ASK)

        assert sorted(map(str, read(session))) == ["duplicate", "duplicate", "processed"]
        assert titles(session) == ["SSO"]

    def test_a_duplicate_names_the_first(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        deliver(session, connector, ASK)

        read(session)

        first = session.execute(select(col(DeliveryKey.delivery_id))).scalar_one()
        reasons = session.execute(select(col(DeliveryStatus.reason))).scalars().all()
        assert f"The same event as delivery {first}, which came before." in reasons

    def test_the_same_body_at_another_connector_is_another_event(
        self, session: Session, connector: Connector, admin: Caller
    ) -> None:
        new = ConnectorNew(kind=ConnectorKind.generic, name="Another", secret=BEARER)
        other = connectors.create_connector(session, admin, VAULT, new)
        deliver(session, connector, ASK)
        deliver(session, other, ASK)

        assert read(session) == [PROCESSED, PROCESSED]

    def test_a_list_without_asks_is_done(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [])

        assert read(session) == [PROCESSED]

    def test_a_list_past_the_limit_is_parked(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [ASK] * (MOST_ASKS + 1))

        assert read(session) == [PARKED]
        assert (
            status(session).reason == "It holds 1001 asks; at most 1000 are read from one delivery."
        )

    def test_what_another_worker_took_meanwhile_is_left(
        self, session: Session, connector: Connector
    ) -> None:
        deliver(session, connector, ASK)
        (held,) = claim(session)

        assert reading.process(session, Policy(), replace(held, attempt=0)) is None

    def test_what_is_settled_is_left(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        (held,) = claim(session)
        reading.process(session, Policy(), held)

        assert reading.process(session, Policy(), held) is None

    def test_nobody_can_sign_in_as_who_logs_them(
        self, session: Session, connector: Connector
    ) -> None:
        deliver(session, connector, ASK)
        read(session)
        email = reading.SYSTEM_EMAIL
        user = session.execute(select(User).where(col(User.email) == email)).scalar_one()

        with pytest.raises(sign_in.LinkSpent):
            sign_in.use_link(session, sign_in.new_link(session, user))


class Postcards:
    """A dialect that is none of ours: each line is an ask of Acme's."""

    SOURCE = Source.hubspot
    HEADERS, CHALLENGE = frozenset({"content-type"}), "Postmark"

    check_secret = check_settings = path = proofs = stranger = staticmethod(lambda *_given: None)
    storable = staticmethod(all_of_it)

    def acknowledgement(self, _arrival: Arrival) -> Acknowledgement:
        return Acknowledgement(b"<ok/>", "text/xml")

    def shown(self, _arrival: Arrival) -> None:
        """It shows none."""

    def verify(self, _arrival: Arrival, _secret: str, _settings: ConnectorSettings) -> bool:
        return True

    def event_key(self, _arrival: Arrival) -> None:
        """It has none."""

    def read(self, arrival: Arrival, _settings: ConnectorSettings) -> list[Told | Invalid]:
        return [Told(ASK | {"title": line}) for line in arrival.body.decode().splitlines()]


class TestAnotherDialect:
    @pytest.fixture(autouse=True)
    def plugged_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(DIALECTS, ConnectorKind.generic, Postcards())

    def test_is_read_by_its_own_rules(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, b"SSO\nSCIM")

        assert read(session) == [PROCESSED]
        assert titles(session) == ["SSO", "SCIM"]

    def test_its_asks_name_their_source(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, b"SSO")

        read(session)

        ask = session.execute(select(Ask)).scalar_one()
        assert (ask.source, ask.external_source) == (Source.hubspot, f"hubspot:{connector.id}")

    def test_without_event_keys_nothing_is_a_duplicate(
        self, session: Session, connector: Connector
    ) -> None:
        for _again in range(2):
            deliver(session, connector, b"SSO")

        assert read(session) == [PROCESSED, PROCESSED]


class TestParked:
    @pytest.mark.parametrize(
        ("ask", "reason"),
        [
            ({"title": "SSO"}, "account: Field required"),
            ({"account": ACME}, "title: Field required"),
            (ASK | {"title": ["x"]}, "title: Input should be a valid string"),
            (ASK | {"title": "a\x00b"}, "title: holds the character U+0000 at position 1"),
            (ASK | {"importance": "maybe"}, "importance: Input should be 'nice_to_have'"),
            (ASK | {"answer": "maybe"}, "answer: an ask brings no answer with it"),
            (ASK | {"account": {"id": "0" * 32}}, "account.id: there is no account"),
            (ASK | {"a\x00b": 1}, r"a\u0000b: no field of an ask"),
            (5, "The body: is no ask"),
        ],
    )
    def test_the_reason_names_the_field(
        self, session: Session, connector: Connector, ask: Any, reason: str
    ) -> None:
        deliver(session, connector, ask)

        assert read(session) == [PARKED]
        assert str(status(session).reason).startswith(reason)

    def test_good_asks_of_a_list_go_in(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [ASK, {"title": "No account"}, ASK | {"title": "SCIM"}])

        assert read(session) == [PARKED]
        assert titles(session) == ["SSO", "SCIM"]

    def test_the_reason_names_index_and_field(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [ASK, {"title": "x"}, {"account": ACME}])

        read(session)

        assert status(session).reason == "[1] account: Field required; [2] title: Field required"

    def test_many_faults_are_counted(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, [{"title": "x"}] * 9)

        read(session)

        assert str(status(session).reason).endswith("; and 4 more")

    def test_nothing_of_a_bad_ask_stays(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK | {"asked_on": "2999-01-01"})

        read(session)

        assert "asked_on" in str(status(session).reason)
        assert titles(session) == []


class TestFail:
    def failed(self, session: Session) -> DeliveryState | None:
        (held,) = claim(session)
        state = reading.fail(session, held, ZeroDivisionError("with customer data"))
        session.commit()
        return state

    def test_it_is_tried_again_later(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)

        assert self.failed(session) is RECEIVED
        assert status(session).reason == "Attempt 1 failed: ZeroDivisionError."

    def test_each_pause_is_longer(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        pauses = []
        for _attempt in range(3):
            started = utc_now()
            self.failed(session)
            standing = status(session)
            pauses.append(standing.due_at - started)
            standing.due_at = utc_now()
            session.commit()

        assert pauses[0] * 2 < pauses[1] < pauses[2] / 2 < timedelta(minutes=1)

    def test_in_the_end_it_is_parked(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        status(session).attempts = TRIES - 1
        session.commit()

        assert self.failed(session) is PARKED
        assert "failed 8 times (ZeroDivisionError)" in str(status(session).reason)

    def test_what_kills_the_process_each_time_is_parked(
        self, session: Session, connector: Connector
    ) -> None:
        deliver(session, connector, ASK)
        status(session).attempts = TRIES
        session.commit()

        assert read(session) == [PARKED]
        assert titles(session) == []

    def test_what_is_settled_is_left(self, session: Session, connector: Connector) -> None:
        deliver(session, connector, ASK)
        (held,) = claim(session)
        reading.process(session, Policy(), held)

        assert reading.fail(session, held, ValueError()) is None


def test_foreign_words_are_made_harmless() -> None:
    assert reading.readable("a\nb\x00" + "x" * 600) == "a\\u000ab\\u0000" + "x" * 496 + "..."
