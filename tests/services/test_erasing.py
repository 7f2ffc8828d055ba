"""A person is erased from everything that names them; what was asked and answered stays."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col
from starlette.datastructures import State

from api.work import transaction
from models import (
    Ask,
    ChainLink,
    Connector,
    Contact,
    Delivery,
    DeliveryEvent,
    DeliveryStatus,
    Erasure,
    FirstAnswer,
    Model,
    Response,
)
from models.base import new_id, utc_now
from models.chain import ErasedKind
from models.connector import ConnectorKind
from models.database import connect
from models.delivery import DeliveryState
from models.response import ToldNew
from services import asks, commitments, erasing, responses
from services.book import Book
from services.demand import DemandFilter, report
from services.verifying import verify
from tests.crm_records import DEAL, OF_PERSON, PERSON, Crm
from tests.factories import Make
from tests.services.histories import VAULT

TABLES = Model.metadata.tables
KIM = {"name": "Kim Roe", "email": "kim@acme.example"}
TOLD = {"contact": KIM, "channel": "call", "on": "2026-11-20"}


def erase(make: Make, who: str = "kim@acme.example") -> dict[str, int]:
    """Erase somebody, and say what was done."""
    done = erasing.erase(make.session, erasing.find(make.session, who), VAULT)
    make.session.commit()
    return {kind.value: count for kind, count in done.counts.items()}


def stored(make: Make) -> Iterator[tuple[str, str]]:
    """Every value on file, as text."""
    for name, table in Model.metadata.tables.items():
        for row in make.session.execute(select(table)):
            for value in row:
                said = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
                yield name, said.lower()
    make.session.commit()


@pytest.fixture
def connector(make: Make) -> Connector:
    """Where deliveries arrive."""
    made = Connector(kind=ConnectorKind.generic, name="Home-made", sealed_secret="sealed")  # noqa: S106
    make.session.add(made)
    make.session.commit()
    return made


def demand_of(make: Make) -> Any:
    """The whole demand report."""
    found = report(Book(), make.session, make.boss, make.policy, DemandFilter(), limit=50)
    make.session.commit()
    return found | {"as_of": None}


def counts(make: Make) -> dict[str, int]:
    """How many rows each table has."""
    found = {
        name: make.session.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in TABLES.items()
    }
    make.session.commit()
    return found


def deliver(make: Make, connector: Connector, body: bytes, reason: str | None = None) -> Delivery:
    """A delivery as it arrived, parked for a reason."""
    made = Delivery(
        connector_id=connector.id,
        content_type="application/json",
        headers={},
        body=body,
        sha256="d" * 64,
    )
    make.session.add(made)
    make.session.flush()
    now, parked = utc_now(), DeliveryState.parked
    outcome = {"results": [{"note": reason}]}
    make.session.add_all(
        [
            DeliveryStatus(
                delivery_id=made.id, state=parked, due_at=now, reason=reason, outcome=outcome
            ),
            DeliveryEvent(delivery_id=made.id, created_at=now, state=parked, reason=reason),
        ]
    )
    make.session.commit()
    return made


class TestErase:
    def test_nothing_on_file_names_them_any_more(self, make: Make, connector: Connector) -> None:
        said = "No, Kim  Roe (KIM@ACME.example), we will not."
        ask = make.ask(
            make.customer(), make.planned(), contact=KIM, title="Ask by kim roe", verbatim=said,
            why="kim@acme.example said so.", source_url="https://crm.example/?q=kim@acme.example",
        )  # fmt: skip
        make.response(ask, message=said, hedge_override=said, told=TOLD)
        make.response(
            ask, kind="yes", basis="committed", contractual=True, supersedes_reason=said,
            contract_reference="As told to Kim Roe",
        )  # fmt: skip
        promise = commitments.list_commitments(make.session, make.boss, limit=1)[0][0]
        commitments.release_commitment(make.session, make.boss, promise.id, said)
        asks.withdraw_ask(make.session, make.boss, make.policy, ask.id, said)
        make.session.commit()
        deliver(make, connector, b'{"contact": {"email": "kim@acme.example"}}', said)
        make.session.add(
            FirstAnswer(
                caller_id=make.boss.id, key="k", fingerprint="f", body=b"kim@acme.example",
                created_at=utc_now(),
            )
        )  # fmt: skip
        make.session.commit()

        erase(make)

        left = [name for name, value in stored(make) if re.search(r"kim\s+roe|kim@acme", value)]
        assert left == []
        assert verify(make.session, vault=VAULT).fault is None

    @pytest.mark.parametrize(
        "body",
        [
            b"email=kim%40acme.example&title=SSO",
            b"contact=Kim+Roe",
            b'{"why": "Said by\\nkim@acme.example"}',
            b'{"name": "\\u004bim Roe"}',
            b"\xff\xfe Kim Roe",
        ],
    )
    def test_a_delivery_that_names_them_is_a_tombstone(
        self, make: Make, connector: Connector, body: bytes
    ) -> None:
        make.ask(contact=KIM)
        made = deliver(make, connector, body)
        other = deliver(make, connector, b'{"email": "joakim@acme.example", "name": "Kim Roebuck"}')

        done = erase(make)

        make.session.expire_all()
        assert done == {"contact": 1, "delivery": 1}
        assert made.body == erasing.TOMBSTONE
        assert made.sha256 == "d" * 64
        assert b"Roebuck" in other.body

    def test_demand_and_every_count_stay(self, make: Make) -> None:
        feature = make.planned()
        for account in (make.customer("900.00"), make.customer("70.00"), make.account()):
            make.response(
                make.ask(account, feature, contact=KIM), message="No, Kim Roe.", told=TOLD
            )
        before, rows = demand_of(make), counts(make)

        erase(make)

        after = counts(make)
        assert demand_of(make) == before
        assert {name for name in rows if after[name] != rows[name]} <= {
            "erasure", "chain_link", "ask_version", "change",
        }  # fmt: skip

    def test_is_one_person_at_all_their_accounts(self, make: Make) -> None:
        for _each in range(2):
            make.ask(contact=KIM)
        key = make.session.execute(select(col(Contact.id))).scalars().first()

        assert erase(make, str(key)) == {"contact": 2}

    def test_a_person_without_an_e_mail_is_erased_by_id(self, make: Make) -> None:
        make.response(make.ask(contact={"name": "Kim Roe"}), message="No, Kim Roe.")
        key = make.session.execute(select(col(Contact.id))).scalar_one()

        assert erase(make, str(key)) == {"contact": 1, "response": 1}

    def test_a_name_that_another_has_too_stays_in_words(self, make: Make) -> None:
        make.ask(contact=KIM)
        make.ask(contact={"name": "kim roe", "email": "other@acme.example"})
        made = make.response(make.ask(), message="No, Kim Roe.")

        person = erasing.find(make.session, "kim@acme.example")
        erasing.erase(make.session, person, VAULT)

        make.session.expire_all()
        assert person.shared == {"Kim Roe"}
        assert made.message == "No, Kim Roe."

    def test_again_finds_what_came_since(self, make: Make) -> None:
        make.response(make.ask(contact=KIM), told=TOLD)
        first = erase(make)
        nothing = erase(make)
        make.response(make.ask(contact=KIM), message="No, kim@acme.example.")

        again = erase(make)

        assert first == {"contact": 1, "told": 1}
        assert nothing == {}
        assert again == {"contact": 1, "response": 1}
        assert verify(make.session, vault=VAULT).fault is None

    def test_two_persons_in_one_answer(self, make: Make) -> None:
        make.response(make.ask(), message="No, kim@acme.example and lee@acme.example.")

        erase(make)
        erase(make, "lee@acme.example")

        assert (
            make.session.execute(select(col(Response.message))).scalar_one()
            == "No, [erased] and [erased]."
        )
        assert verify(make.session, vault=VAULT).right == 3
        salts = (
            make.session.execute(select(col(ChainLink.salt)).order_by(col(ChainLink.seq)))
            .scalars()
            .all()
        )
        assert [salt is None for salt in salts] == [True, True, False]

    def test_nobody_is_no_error(self, make: Make) -> None:
        assert erase(make, "nobody@acme.example") == {}
        assert erase(make, str(new_id())) == {}


class TestRecordsOfCrms:
    def test_say_nothing_of_them_any_more(self, make: Make) -> None:
        make.product()
        crm = Crm(make.session, make.boss)
        crm.tell(PERSON, 0, **{"contact.name": "Roe", "contact.email": "kim@acme.example"})
        crm.tell(DEAL, 0, **{"title": "SSO", "why": "kim@acme.example wants it", **OF_PERSON})
        make.session.commit()

        erase(make)

        said = [text for table, text in stored(make) if table == "record_said"]
        assert not [each for each in said if "roe" in each or "kim@" in each]
        assert "sso" in said

    def test_make_nobody_of_them_again(self, make: Make) -> None:
        make.product()
        crm = Crm(make.session, make.boss)
        crm.tell(PERSON, 0, **{"contact.name": "Kim Roe", "contact.email": "kim@acme.example"})
        crm.tell(DEAL, 0, title="SSO", **OF_PERSON)
        make.session.commit()
        erase(make)

        crm.tell("deal:2", 0, title="SCIM", **OF_PERSON)
        make.session.commit()

        names = make.session.execute(select(col(Contact.name))).scalars().all()
        assert set(names) <= {erasing.ERASED}
        assert len(make.session.execute(select(col(Ask.id))).all()) == 2


def test_who_tells_them_meanwhile_breaks_nothing(make: Make, database_url: str) -> None:
    answers = [make.response(make.ask(contact=KIM)).id for _each in range(12)]
    by = make.boss
    make.session.commit()
    engine = connect(database_url)
    told = ToldNew.model_validate(TOLD)

    def deed(number: int) -> None:
        def tell_or_erase(session: Session) -> None:
            if number % 4 == 3:
                erasing.erase(session, erasing.find(session, "kim@acme.example"), VAULT)
            else:
                responses.tell(session, by, answers[number], told)

        transaction(State({"turn": nullcontext(), "writer": engine}), tell_or_erase)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(deed, range(12)))
    engine.dispose()
    erase(make)

    assert verify(make.session, vault=VAULT).fault is None
    assert [name for name, value in stored(make) if "kim@acme" in value] == []


class TestWhatTheTriggersAllow:
    """Only the columns of words, and only within the erasure."""

    def refuses(self, make: Make, statement: Any) -> None:
        with pytest.raises(IntegrityError, match="append-only"):
            make.session.execute(statement)
        make.session.rollback()

    def test_no_words_without_an_erasure(self, make: Make) -> None:
        make.response(make.ask(), message="No.")

        self.refuses(make, update(Response).values(message="Yes."))
        self.refuses(make, update(ChainLink).values(salt=None))

    def test_no_words_after_the_erasure(self, make: Make) -> None:
        make.response(make.ask(), message="No, kim@acme.example.")
        erase(make)

        self.refuses(make, update(Response).values(message="Yes."))

    def test_no_other_record_and_no_other_column_within_it(self, make: Make) -> None:
        one, two = make.response(make.ask()), make.response(make.ask())

        for wrong in (
            update(Response).where(col(Response.id) == two.id).values(message="Yes."),
            update(Response).where(col(Response.id) == one.id).values(workaround=True),
            update(ChainLink).where(col(ChainLink.record_id) == two.id).values(salt=None),
            update(ChainLink).where(col(ChainLink.record_id) == one.id).values(salt=b"x"),
            update(ChainLink).where(col(ChainLink.record_id) == one.id).values(hash=b"x"),
        ):
            make.session.add(Erasure(kind=ErasedKind.response, record_id=one.id))
            make.session.flush()
            self.refuses(make, wrong)

    def test_an_erasure_that_is_none_of_ours_is_named(self, make: Make) -> None:
        made = make.response(make.ask(), message="No.")
        fake = {"id": new_id(), "created_at": utc_now(), "kind": ErasedKind.response}
        make.session.execute(insert(TABLES["erasure"]).values(fake | {"record_id": made.id}))
        make.session.execute(update(Response).values(message="Yes."))
        make.session.execute(update(ChainLink).values(salt=None))
        make.session.commit()

        fault = verify(make.session, vault=VAULT).fault

        assert fault is not None
        assert (fault.seq, fault.record_id) == (1, made.id)
