"""Calls are verified and stored as they came, and nothing else is done yet."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select
from sqlmodel import Session, col

from models.base import utc_now
from models.connector import Connector, ConnectorKind, ConnectorNew
from models.delivery import Delivery, DeliveryEvent, DeliveryState, DeliveryStatus
from services import connectors, receiving
from services.crm.dialect import Arrival
from services.permissions import Caller
from services.receiving import LARGEST_REFUSED, REFUSED_A_DAY, Posted
from services.vault import CannotUnseal, Vault
from tests.senders import BEARER

RECEIVED, REFUSED = DeliveryState.received, DeliveryState.refused
VAULT = Vault("v" * 40)


@pytest.fixture
def connector(session: Session, admin: Caller) -> Connector:
    new = ConnectorNew(kind=ConnectorKind.generic, name="Home-made", secret=BEARER)
    made = connectors.create_connector(session, admin, VAULT, new)
    session.commit()
    return made


def posted(connector_id: UUID, body: bytes = b"{}", bearer: str = BEARER, **headers: str) -> Posted:
    lower = {"authorization": f"Bearer {bearer}", "cookie": "sid=1", "x-token": "t"}
    lower |= {name.replace("_", "-"): value for name, value in headers.items()}
    arrival = Arrival("https://x", lower, body, utc_now())
    return Posted(ConnectorKind.generic, connector_id, arrival)


def receive(session: Session, *batch: Posted, vault: Vault = VAULT) -> list[DeliveryState | None]:
    found = receiving.receive(session, vault, batch)
    session.commit()
    return found


def count(session: Session) -> int:
    """How many deliveries are kept."""
    return len(session.execute(select(col(Delivery.id))).all())


class TestReceive:
    def test_an_authentic_call_is_received(self, session: Session, connector: Connector) -> None:
        assert receive(session, posted(connector.id)) == [RECEIVED]

    def test_it_is_kept_byte_for_byte(self, session: Session, connector: Connector) -> None:
        body = bytes(range(256)) * 3

        receive(session, posted(connector.id, body))

        assert session.execute(select(Delivery)).scalar_one().body == body

    def test_it_waits_to_be_read(self, session: Session, connector: Connector) -> None:
        receive(session, posted(connector.id))

        status = session.execute(select(DeliveryStatus)).scalar_one()
        assert (status.state, status.attempts, status.reason) == (RECEIVED, 0, None)

    def test_each_of_a_batch_is_told_apart(self, session: Session, connector: Connector) -> None:
        batch = [posted(connector.id), posted(uuid4()), posted(connector.id, bearer="wrong")]

        assert receive(session, *batch) == [RECEIVED, None, REFUSED]

    def test_a_batch_takes_as_many_statements_as_one(
        self, session: Session, connector: Connector
    ) -> None:
        counts = []
        for batch in ([posted(connector.id)], [posted(connector.id)] * 50):
            statements: list[str] = []

            def noted(*given: object, statements: list[str] = statements) -> None:
                statements.append(str(given[2])[:6])

            engine = session.get_bind()
            event.listen(engine, "before_cursor_execute", noted)
            receive(session, *batch)
            event.remove(engine, "before_cursor_execute", noted)
            counts.append((statements.count("SELECT"), statements.count("INSERT")))

        assert counts == [(1, 2), (1, 2)]

    def test_a_disabled_connector_is_not_there(
        self, session: Session, connector: Connector
    ) -> None:
        connector.enabled = False
        session.commit()

        assert receive(session, posted(connector.id)) == [None]

    def test_a_connector_of_another_kind_is_not_there(
        self, session: Session, connector: Connector
    ) -> None:
        call = posted(connector.id)
        other = Posted(ConnectorKind.standard_webhooks, connector.id, call.arrival)

        assert receive(session, other) == [None]

    def test_no_header_that_could_hold_a_secret_is_kept(
        self, session: Session, connector: Connector
    ) -> None:
        receive(session, posted(connector.id, user_agent="Zapier"))

        kept = session.execute(select(Delivery)).scalar_one()
        assert kept.headers == {"user-agent": "Zapier"}
        assert kept.fingerprint is None

    def test_a_long_content_type_is_cut(self, session: Session, connector: Connector) -> None:
        receive(session, posted(connector.id, content_type="x" * 5000))

        assert session.execute(select(Delivery)).scalar_one().content_type == "x" * 200

    def test_a_secret_that_does_not_open_stores_nothing(
        self, session: Session, connector: Connector
    ) -> None:
        with pytest.raises(CannotUnseal):
            receiving.receive(session, Vault("another" * 6), [posted(connector.id)])

        session.rollback()
        assert session.execute(select(Delivery)).all() == []


class TestRefused:
    def test_says_why(self, session: Session, connector: Connector) -> None:
        receive(session, posted(connector.id, bearer="wrong"))

        happened = session.execute(select(DeliveryEvent)).scalar_one()
        assert (happened.state, happened.reason) == (REFUSED, receiving.NOT_AUTHENTIC)

    def test_keeps_a_fingerprint_and_not_the_bearer(
        self, session: Session, connector: Connector
    ) -> None:
        receive(session, posted(connector.id, bearer="a-mistyped-secret"))

        kept = session.execute(select(Delivery)).scalar_one()
        assert kept.fingerprint == VAULT.fingerprint("a-mistyped-secret")

    def test_only_so_many_a_day_are_kept(self, session: Session, connector: Connector) -> None:
        batch = [posted(connector.id, bearer="wrong")] * (REFUSED_A_DAY - 1)
        receive(session, *batch)

        found = receive(session, *batch[:3])

        assert found == [REFUSED] * 3
        assert count(session) == REFUSED_A_DAY

    def test_the_next_day_there_is_room_again(self, session: Session, connector: Connector) -> None:
        receive(session, *[posted(connector.id, bearer="wrong")] * REFUSED_A_DAY)
        for status in session.execute(select(DeliveryStatus)).scalars():
            status.due_at = utc_now() - timedelta(days=1, seconds=1)
        session.commit()

        receive(session, posted(connector.id, bearer="wrong"))

        assert count(session) == REFUSED_A_DAY + 1

    @pytest.mark.parametrize(("size", "kept"), [(LARGEST_REFUSED, 1), (LARGEST_REFUSED + 1, 0)])
    def test_large_ones_are_not_kept(
        self, session: Session, connector: Connector, size: int, kept: int
    ) -> None:
        assert receive(session, posted(connector.id, b"x" * size, "wrong")) == [REFUSED]

        assert count(session) == kept
