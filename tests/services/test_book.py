"""The book is as fresh as the database, however its rows were written."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from uuid import UUID

import pytest
from pydantic_core import to_jsonable_python
from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from models.account import Account, Lifecycle
from models.database import connect, read_only
from services import book as books
from services import demand
from services.book import Book
from services.demand import DemandFilter
from services.permissions import Caller
from services.policy import Policy
from tests.databases import ON_SQLITE
from tests.factories import Make
from tests.services.happenings import DEEDS, Happenings

Report = Callable[[Book], dict[str, Any]]
ALL = DemandFilter(include_empty=True)
SEEDS = range(4)
STEPS = 60


@pytest.fixture
def reader(database_url: str) -> Iterator[Callable[[], Session]]:
    """Opens reading sessions, each of which sees one snapshot."""
    engine = read_only(connect(database_url))
    yield lambda: Session(engine)
    engine.dispose()


@pytest.fixture
def report(reader: Callable[[], Session], admin: Caller, policy: Policy) -> Report:
    """What a book says of all demand, but for the instant of asking."""

    def say(book: Book) -> dict[str, Any]:
        with reader() as session:
            found = demand.report(book, session, admin, policy, ALL, limit=None)
        del found["as_of"]
        return _plain(found)

    return say


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = to_jsonable_python(found)
    return plain


def _asks(found: dict[str, Any]) -> int:
    asks: int = found["totals"]["asks"]
    return asks


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_after_each_change_the_book_says_what_a_new_one_says(
    report: Report, make: Make, seed: int
) -> None:
    book, on = Book(), Happenings(make, Random(seed))  # noqa: S311  # no secret
    make.product()
    report(book)

    for _step in range(STEPS):
        deed = on.happen()

        assert report(book) == report(Book()), f"after {on.done}: {deed}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_breakdowns_do_not_depend_on_what_the_book_read_before(  # fixtures
    reader: Callable[[], Session], admin: Caller, policy: Policy, report: Report, make: Make,
    seed: int,
) -> None:  # fmt: skip
    book, on = Book(), Happenings(make, Random(100 + seed))  # noqa: S311  # no secret
    make.product()
    for _step in range(STEPS):
        on.happen()
        report(book)

    with reader() as session:
        for row in report(book)["items"]:
            kept, anew = (
                demand.of_feature(each, session, admin, policy, UUID(row["feature"]["id"]), ALL)
                for each in (book, Book())
            )
            assert _plain(kept) == _plain(anew)


@pytest.mark.slow
def test_the_random_changes_are_of_every_kind(make: Make) -> None:
    on = Happenings(make, Random(7))  # noqa: S311  # no secret
    make.product()

    while set(on.done) != set(DEEDS) and len(on.done) < 1_000:
        on.happen()

    assert set(on.done) == set(DEEDS)


def test_what_is_written_by_hand_is_seen(report: Report, make: Make, session: Session) -> None:
    book = Book()
    make.ask(make.customer(), make.feature(title="Old"))
    report(book)

    session.execute(text("UPDATE account SET arr_minor = 4200"))
    session.execute(text("UPDATE feature SET title = 'New'"))
    session.commit()

    (item,) = report(book)["items"]
    assert item["customers"]["arr"]["amount"] == "42.00"
    assert item["feature"]["title"] == "New"


def test_what_is_rolled_back_is_not_seen(report: Report, make: Make, session: Session) -> None:
    book = Book()
    make.ask(make.customer(), make.feature())
    before = report(book)

    session.execute(text("UPDATE account SET arr_minor = 4200"))
    session.rollback()

    assert report(book) == before


@pytest.mark.skipif(ON_SQLITE, reason="SQLite has one writer, so commits are in order")
def test_a_transaction_that_commits_late_is_not_missed(
    report: Report, make: Make, database_url: str
) -> None:
    engine, book = connect(database_url), Book()
    account, feature = make.customer("1.00"), make.feature()
    make.ask(account, feature)
    with Session(engine) as slow:
        slow.execute(text("UPDATE account SET arr_minor = 777"))
        make.ask(make.customer("2.00"), feature)
        early = report(book)
        slow.commit()

    late = report(book)

    assert early["totals"]["customers"]["arr"]["amount"] == "3.00"
    assert late["totals"]["customers"]["arr"]["amount"] == "9.77"
    engine.dispose()


@pytest.mark.skipif(ON_SQLITE, reason="SQLite has one writer, so commits are in order")
def test_of_several_late_transactions_each_is_seen_when_it_commits(
    report: Report, make: Make, database_url: str
) -> None:
    engine, book = connect(database_url), Book()
    feature = make.feature()
    customers = [make.customer("0.00") for _ in range(3)]
    for customer in customers:
        make.ask(customer, feature)
    slow = [Session(engine) for _ in customers]
    for number, (each, customer) in enumerate(zip(slow, customers, strict=True)):
        each.execute(
            text("UPDATE account SET arr_minor = :arr WHERE id = :id"),
            {"arr": 10**number, "id": customer.id},
        )

    seen = []
    for at in (2, 0, 1):
        report(book)
        slow[at].commit()
        seen.append(report(book)["totals"]["customers"]["arr"]["amount"])

    assert seen == ["1.00", "1.01", "1.11"]
    for each in slow:
        each.close()
    engine.dispose()


def test_a_session_that_began_to_read_before_sees_its_own_snapshot(
    reader: Callable[[], Session], report: Report, admin: Caller, policy: Policy, make: Make
) -> None:
    book, feature = Book(), make.feature()
    make.ask(make.customer(), feature)
    with reader() as early:
        early.execute(text("SELECT count(*) FROM ask")).scalar_one()
        make.ask(make.customer(), feature)
        newer = report(book)

        older = demand.report(book, early, admin, policy, ALL)

    assert (_asks(newer), older["totals"]["asks"], _asks(report(book))) == (2, 1, 2)


@pytest.mark.parametrize("broken", ["feature", "account", "opportunity", "ask", "commitment"])
def test_a_refresh_that_fails_half_way_leaves_nothing_wrong(
    report: Report, make: Make, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    book, account, feature = Book(), make.customer(), make.planned()
    report(book)
    deal = make.opportunity(account, amount={"amount": "5", "currency": "EUR"})
    ask = make.ask(account, feature, opportunity_id=deal.id)
    make.response(ask, kind="yes", basis="committed", contractual=True)
    make.ask(make.customer(industry="Banking"), make.feature())

    original = books._READERS[broken]  # noqa: SLF001  # there is no other way to fail half-way

    def fail(*reading: Any) -> None:
        original(*reading)
        raise StatementError("the line went dead", None, None, ValueError())

    with monkeypatch.context() as patch:
        patch.setitem(books._READERS, broken, fail)  # noqa: SLF001
        with pytest.raises(StatementError):
            report(book)

    assert report(book) == report(Book())


def test_a_row_that_cannot_be_read_does_not_shift_the_others(
    report: Report, make: Make, session: Session
) -> None:
    book, feature = Book(), make.feature()
    report(book)
    bad = make.ask(make.customer("1.00", name="Bad"), feature).account_id
    make.ask(make.customer("2.00", name="Good"), feature)
    cure = text("UPDATE account SET tags = :tags WHERE id = :id").bindparams(
        bindparam("id", type_=Uuid)
    )
    session.execute(cure, {"tags": "null", "id": bad})
    session.commit()
    with pytest.raises(TypeError):
        report(book)

    session.execute(cure, {"tags": "[]", "id": bad})
    early = Account(
        id=UUID(int=1),
        name="Early",
        lifecycle=Lifecycle.customer,
        arr_minor=900,
        arr_currency="USD",
    )
    session.add(early)
    session.commit()
    make.ask(early, feature)

    assert report(book) == report(Book())


def test_many_changes_at_once_are_read_anew(
    report: Report, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "RELOAD", 3)
    book, feature = Book(), make.feature()
    report(book)
    for _ in range(4):
        make.ask(make.customer(), feature)

    assert _asks(report(book)) == 4


def test_more_changes_than_one_query_takes_are_all_seen(
    report: Report, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "CHUNK", 2)
    book, feature = Book(), make.feature()
    report(book)
    for _ in range(5):
        make.ask(make.customer(), feature)

    assert report(book) == report(Book())


def test_a_table_that_grows_keeps_its_rows(report: Report, make: Make, session: Session) -> None:
    book, feature = Book(), make.feature()
    make.ask(make.customer("3.00"), feature)
    report(book)
    new = "lower(hex(randomblob(16)))" if ON_SQLITE else "gen_random_uuid()"
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
        if ON_SQLITE
        else "WITH n AS (SELECT generate_series(1, 3000) AS i) "
    )
    session.execute(
        text(
            f"INSERT INTO account (id, created_at, version, changed_at, name, lifecycle, tags)"  # noqa: S608
            f" {numbers} SELECT {new}, created_at, 1, changed_at, 'Account ' || i, 'customer', tags"
            " FROM n, (SELECT created_at, changed_at, tags FROM account LIMIT 1) AS a"
        )
    )
    session.commit()

    found = report(book)

    assert len(book.accounts) == 3001
    assert found["totals"]["customers"]["arr"]["amount"] == "3.00"


def test_an_empty_book_is_a_report_of_nothing(report: Report) -> None:
    found = report(Book())

    assert (found["items"], _asks(found), found["next_cursor"]) == ([], 0, None)
