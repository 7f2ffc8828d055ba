"""Every value that demand reads keeps its history: what held when is found by plain SQL."""

# ruff: noqa: S608  # the SQL is put together from the names of our own tables

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Uuid, bindparam, text
from sqlmodel import Session

from models import Account, Feature, Model, Opportunity, Product
from models.account import AccountChange, ContactNew
from models.ask import AskChange, Importance
from models.base import Revised, UtcDateTime, utc_now
from models.database import connect
from models.feature import FeatureChange
from models.history import VERSIONED
from models.response import Channel, NoNew, ToldNew
from services import accounts, asks, features, responses
from services.permissions import Caller
from services.policy import Policy
from tests.databases import database
from tests.factories import Make

FIELDS = [(model, field) for model, fields in VERSIONED.items() for field in fields]
PLAIN: dict[str, Any] = {
    "maturity": "early",
    "bar_accounts": 7,
    "bar_arr_minor": 99,
    "bar_arr_currency": "EUR",
    "bar_reason": "We grew.",
    "lifecycle": "churned",
    "arr_minor": 99,
    "arr_currency": "EUR",
    "segment": "smb",
    "industry": "Banking",
    "region": "APAC",
    "tags": ["dora", "nis2"],
    "renews_on": date(2028, 1, 1),
    "amount_minor": 99,
    "amount_currency": "EUR",
    "stage": "Closing",
    "probability_ppm": 1,
    "close_on": date(2028, 1, 1),
    "outcome": "won",
    "title": "Another title",
    "status": "in_progress",
    "decline_reason": "Nobody asks.",
    "target_on": date(2028, 1, 1),
    "shareable": True,
    "area": "Another area",
    "verbatim": "Other words",
    "why": "Another reason",
    "importance": "blocker",
    "state": "answered",
    "answer_due_on": date(2028, 1, 1),
}
PAIRED = {  # what must change along, for the row to make sense
    ("opportunity", "lost_to_feature_id"): {"outcome": "lost"},
    ("ask", "response_id"): {"state": "answered"},
}


def row_of(make: Make, model: type[Model]) -> Revised:
    """A row with a value in every field that can have one."""
    bar = {"accounts": 5, "arr": {"amount": "100.00", "currency": "USD"}}
    if model is Product:
        return make.product(demand_bar=bar)
    account = make.customer(
        segment="enterprise",
        industry="Retail",
        region="EMEA",
        tags=["gdpr"],
        renews_on="2027-06-30",
    )
    if model is Account:
        return account
    deal = make.opportunity(
        account, amount={"amount": "5.00", "currency": "USD"}, stage="Open", probability="0.5",
        close_on="2027-01-31",
    )  # fmt: skip
    if model is Opportunity:
        return deal
    feature = make.planned(demand_bar=bar, area="Security", decline_reason="Once.")
    if model is Feature:
        return feature
    return make.ask(account, feature, opportunity_id=deal.id, verbatim="We need it", why="Audit")


def other_value(make: Make, row: Any, field: str) -> Any:
    """Another value that the field may have."""
    others: dict[str, Callable[[], Any]] = {
        "name": lambda: f"Another name {next(make.numbers)}",
        "account_id": lambda: make.account().id,
        "product_id": lambda: make.product().id,
        "opportunity_id": lambda: make.opportunity().id,
        "feature_id": lambda: make.feature().id,
        "lost_to_feature_id": lambda: make.feature().id,
        "merged_into": lambda: row_of(make, type(row)).id,
        "response_id": lambda: _answer(make, row),
    }
    return others[field]() if field in others else PLAIN[field]


def _answer(make: Make, ask: Any) -> Any:
    responses.give_response(
        make.session,
        make.boss,
        make.policy,
        ask.id,
        NoNew(kind="no", basis="not_planned"),
    )
    return ask.response_id


@pytest.fixture(scope="module")
def shared_session(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session on one database for many tests, each of which makes its own rows."""
    with database(tmp_path_factory.mktemp("shared"), template) as url:
        engine = connect(url)
        with Session(engine, expire_on_commit=False) as session:
            yield session
        engine.dispose()


@pytest.fixture(scope="module")
def shared_make(shared_session: Session) -> Make:
    """Rows in the shared database."""
    return Make(shared_session, Policy())


@pytest.fixture
def shared(shared_make: Make) -> Iterator[Make]:
    """The same, left in order after each test."""
    yield shared_make
    shared_make.session.rollback()


def sql(session: Session, statement: str, row: Any) -> list[tuple[Any, ...]]:
    """Plain SQL about one row."""
    given = text(statement).bindparams(bindparam("id", row.id, Uuid))
    return [tuple(each) for each in session.execute(given)]


@pytest.mark.parametrize(
    ("model", "field"), FIELDS, ids=[f"{m.__tablename__}.{f}" for m, f in FIELDS]
)
class TestEveryField:
    def change(self, make: Make, row: Any, field: str) -> None:
        """Set another value; `state` of an ask changes by answering it."""
        table = type(row).__tablename__
        if (table, field) in {("ask", "state"), ("ask", "response_id")}:
            _answer(make, row)
        else:
            value, by = other_value(make, row, field), make.boss.id
            for name, each in {**PAIRED.get((table, field), {}), field: value}.items():
                setattr(row, name, each)
            row.changed_at, row.changed_by = utc_now(), by
        make.session.commit()

    def test_keeps_its_old_value(self, model: type[Model], field: str, shared: Make) -> None:
        row, table = row_of(shared, model), str(model.__tablename__)
        before = sql(shared.session, f"SELECT {field} FROM {table} WHERE id = :id", row)[0][0]

        self.change(shared, row, field)

        kept = sql(
            shared.session,
            f"SELECT {field}, changed_by FROM {table}_version WHERE {table}_id = :id"
            " ORDER BY id DESC",
            row,
        )
        now = sql(shared.session, f"SELECT {field} FROM {table} WHERE id = :id", row)[0][0]
        assert kept[0][0] == before
        assert now != before
        assert kept[0][1] is not None

    def test_is_kept_until_the_moment_of_the_change(
        self, model: type[Model], field: str, shared: Make
    ) -> None:
        row, table = row_of(shared, model), str(model.__tablename__)

        self.change(shared, row, field)

        kept = sql(
            shared.session,
            f"SELECT v.valid_from, t.created_at, v.valid_to, t.changed_at"
            f" FROM {table}_version v JOIN {table} t ON t.id = v.{table}_id WHERE t.id = :id"
            " ORDER BY v.id",
            row,
        )
        assert kept[0][0] == kept[0][1]
        assert kept[-1][2] == kept[-1][3]


def held(session: Session, row: Any, field: str, at: datetime) -> Any:
    """What a field held at an instant, as the history is meant to be read."""
    table = row.__tablename__
    statement = text(
        f"SELECT {field} FROM {table}_version WHERE {table}_id = :id"
        " AND valid_from <= :at AND :at < valid_to"
        f" UNION ALL SELECT {field} FROM {table} WHERE id = :id AND NOT EXISTS"
        f" (SELECT 1 FROM {table}_version WHERE {table}_id = :id"
        " AND valid_from <= :at AND :at < valid_to)"
    ).bindparams(bindparam("id", row.id, Uuid), bindparam("at", at, UtcDateTime))
    return session.execute(statement).scalar_one()


class TestJoints:
    def test_what_is_not_versioned_leaves_no_gap(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        feature = make.feature(title="First")
        seen = [(utc_now(), "First")]
        for change, title in (
            ({"title": "Second"}, "Second"),
            ({"description": "It moves `changed_at`, and is not versioned."}, "Second"),
            ({"title": "Third"}, "Third"),
        ):
            features.change_feature(
                make.session, admin, policy, feature.id, FeatureChange(**change)
            )
            make.session.commit()
            seen.append((utc_now(), title))

        assert [held(make.session, feature, "title", at) for at, _title in seen] == [
            title for _at, title in seen
        ]

    def test_versions_of_an_ask_join_up(self, make: Make, admin: Caller, policy: Policy) -> None:
        ask = make.ask(make.customer(), make.feature(demand_bar={"accounts": 2}))
        answer = make.response(ask, basis="insufficient_demand")
        told = ToldNew(
            contact=ContactNew(name="Kim Roe"), channel=Channel.call, on=date(2026, 11, 20)
        )
        responses.tell(make.session, admin, answer.id, told)
        make.session.commit()
        make.ask(make.customer(), make.session.get(Feature, ask.feature_id))  # it comes back
        change = AskChange(importance=Importance.blocker)
        asks.change_ask(make.session, admin, policy, ask.id, change)
        make.session.commit()
        asks.withdraw_ask(make.session, admin, policy, ask.id, "They left.")
        make.session.commit()

        kept = sql(
            make.session,
            "SELECT valid_from, valid_to, state, importance FROM ask_version WHERE ask_id = :id"
            " ORDER BY id",
            ask,
        )

        assert [each[2:] for each in kept] == [
            ("unanswered", "important"), ("answered", "important"), ("answered", "blocker")
        ]  # fmt: skip
        assert all(earlier[1] == later[0] for earlier, later in pairwise(kept))
        assert all(each[0] < each[1] for each in kept)

    def test_an_account_merged_on_was_where_it_was(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        first, second, third = make.account(), make.account(), make.account()
        accounts.merge_accounts(make.session, admin, policy, first.id, second.id)
        make.session.commit()
        between = utc_now()
        accounts.merge_accounts(make.session, admin, policy, second.id, third.id)
        make.session.commit()

        then = held(make.session, first, "merged_into", between)

        assert str(then).replace("-", "") == second.id.hex
        assert first.merged_into == third.id

    def test_nothing_changed_writes_nothing(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        account = make.account(region="EMEA")

        accounts.change_account(
            make.session, admin, policy, account.id, AccountChange(region="EMEA")
        )
        make.session.commit()

        assert (
            sql(make.session, "SELECT 1 FROM account_version WHERE account_id = :id", account) == []
        )
        assert account.version == 1

    def test_to_and_from_unknown_is_a_change(
        self, make: Make, admin: Caller, policy: Policy
    ) -> None:
        account = make.account()
        for segment in ("smb", None):
            change = AccountChange(segment=segment)
            accounts.change_account(make.session, admin, policy, account.id, change)
            make.session.commit()

        kept = sql(
            make.session, "SELECT segment FROM account_version WHERE account_id = :id ORDER BY id",
            account,
        )  # fmt: skip

        assert [each[0] for each in kept] == [None, "smb"]


def test_time_is_kept_in_utc_and_must_say_its_zone(make: Make) -> None:
    account = make.account()
    elsewhere = datetime(2026, 11, 23, 12, 0, tzinfo=UTC).astimezone()
    account.changed_at = elsewhere
    make.session.commit()
    make.session.expire_all()

    assert account.changed_at == elsewhere
    assert account.changed_at.utcoffset() == timedelta(0)
