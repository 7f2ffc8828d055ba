"""Demo data: every rule holds for it, and the same seed makes the same."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from models.account import Account
from models.ask import Ask, AskState
from models.base import utc_now, utc_today
from models.commitment import Commitment
from models.database import connect
from models.feature import Feature
from models.opportunity import Opportunity
from models.product import Maturity, Product
from models.response import Basis, EvidenceSeen, Response, ResponseChoice, ResponseKind, Told
from models.user import User
from services import demo, sign_in, wording
from services.bars import Standing
from services.demo_words import companies, dice, words
from services.policy import Policy
from services.workdays import after_workdays
from tests.databases import database
from tests.factories import Make

SIZE = 240

Fill = Callable[..., list[tuple[int, int]]]


@pytest.fixture(scope="module")
def filled(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with demo data that no test here changes."""
    with database(tmp_path_factory.mktemp("demo"), template) as url:
        engine = connect(url)
        with Session(engine) as session:
            for _step in demo.fill(session, Policy(), size=SIZE):
                pass
            session.commit()
        engine.dispose()
        yield url


@pytest.fixture
def world(filled: str) -> Iterator[Session]:
    """A session on the demo data."""
    engine = connect(filled)
    with Session(engine) as session:
        yield session
    engine.dispose()


def everything(session: Session, table: Any) -> list[Any]:
    return list(session.exec(select(table).order_by(col(table.id))).all())


def count(session: Session, table: Any, *where: Any) -> int:
    return session.exec(select(func.count()).select_from(table).where(*where)).one()


def test_there_are_as_many_asks_as_wanted_and_accounts_to_go_with_them(world: Session) -> None:
    asks, accounts = count(world, Ask), count(world, Account)

    assert (asks, accounts) == (SIZE, 64)


def test_there_are_thirty_features_over_an_early_and_an_established_product(
    world: Session,
) -> None:
    products = {product.maturity: product for product in everything(world, Product)}

    assert count(world, Feature) == 30
    assert products[Maturity.established].demand_bar is not None
    assert products[Maturity.early].demand_bar is None


def test_answers_of_all_three_kinds_are_given(world: Session) -> None:
    kinds = set(world.exec(select(Response.kind)).all())

    assert kinds == {*ResponseKind}


def test_some_answers_are_owed_and_some_of_them_overdue(world: Session) -> None:
    overdue = count(
        world, Ask, Ask.state == AskState.unanswered, col(Ask.answer_due_on) < utc_today()
    )
    owed = count(world, Ask, Ask.state == AskState.unanswered)

    assert 0 < overdue < owed


def test_every_ask_is_due_some_working_days_after_it_was_logged(world: Session) -> None:
    late = [
        ask.id
        for ask in everything(world, Ask)
        if ask.answer_due_on != after_workdays(ask.created_at.date(), Policy().answer_days)
    ]

    assert late == []


def test_asks_are_listed_in_the_order_in_which_they_were_logged(world: Session) -> None:
    asks = everything(world, Ask)

    seconds = [int(ask.created_at.timestamp()) for ask in asks]

    assert seconds == sorted(seconds)


def test_nothing_was_asked_after_it_was_logged_and_nothing_logged_in_the_future(
    world: Session,
) -> None:
    asks = everything(world, Ask)

    assert all(ask.asked_on <= ask.created_at.date() for ask in asks)
    assert all(ask.created_at <= utc_now() for ask in asks)


def test_every_current_answer_is_the_last_one_of_its_ask(world: Session) -> None:
    last = {response.ask_id: response.id for response in everything(world, Response)}

    current = {
        ask.id: ask.response_id for ask in everything(world, Ask) if ask.state is AskState.answered
    }

    assert {ask_id: last[ask_id] for ask_id in current} == current


def test_some_changed_minds_say_why(world: Session) -> None:
    reasons = world.exec(
        select(Response.supersedes_reason).where(col(Response.supersedes).is_not(None))
    ).all()

    assert reasons
    assert None not in reasons


def test_no_message_hedges_or_contradicts_its_answer(world: Session) -> None:
    said = [response for response in everything(world, Response) if response.message]

    wrong = [
        response.message
        for response in said
        if (reading := wording.read(response.message, response.kind)).spans
        or wording.contradicts(reading, response.kind)
    ]

    assert len(said) > SIZE / 2
    assert wrong == []


def test_every_feature_has_straight_words_for_every_answer_about_it() -> None:
    kinds = {"available": "yes", "committed": "yes", "ranked": "ranked"}
    sentences = [
        (kinds.get(basis, "no"), said.format(feature=feature["title"], due="1 May 2027", how=how))
        for basis, messages in words()["words"]["messages"].items()
        for said in messages
        for feature in words()["features"]
        for how in [feature.get("how", "Under Settings.")]
    ]

    hedges = [said for kind, said in sentences if wording.read(said, kind).spans]

    assert hedges == []


def test_every_order_is_strict_and_holds_the_asked_feature(world: Session) -> None:
    ranked = [each for each in everything(world, Response) if each.kind is ResponseKind.ranked]

    faults = []
    for response in ranked:
        choices = world.exec(
            select(ResponseChoice)
            .where(ResponseChoice.response_id == response.id)
            .order_by(col(ResponseChoice.position))
        ).all()
        order = [choice.feature_id for choice in choices]
        places = [choice.position for choice in choices]
        if (
            response.feature_id not in order
            or len(set(order)) < 3
            or places != list(range(1, len(order) + 1))
        ):
            faults.append(order)
    assert ranked
    assert faults == []


def test_a_refusal_for_lack_of_demand_was_given_below_the_bar(world: Session) -> None:
    refusals = world.exec(select(Response).where(Response.basis == Basis.insufficient_demand)).all()

    facts = [EvidenceSeen.model_validate(refusal.evidence) for refusal in refusals]

    assert facts
    for said in facts:
        arr = said.arr_asking
        minor = int(arr.amount.replace(".", "")) if arr else 0
        standing = Standing(said.live_accounts_asking or 0, {"USD": minor})
        assert said.bar is not None
        assert not standing.reaches(said.bar)


def test_every_promise_has_its_commitment_and_its_date(world: Session) -> None:
    promises = count(world, Response, Response.basis == Basis.committed)

    commitments = everything(world, Commitment)

    assert len(commitments) == promises
    assert all(commitment.due_on is not None for commitment in commitments)


def test_some_promises_stand_in_a_contract_and_touch_a_deal(world: Session) -> None:
    held = [each for each in everything(world, Commitment) if each.contractual]

    assert held
    assert all(each.opportunity_id is not None for each in held)


def test_an_answer_comes_after_its_ask_and_never_from_the_future(world: Session) -> None:
    asks = {ask.id: ask for ask in everything(world, Ask)}
    answers = everything(world, Response)

    early = [each.id for each in answers if each.created_at < asks[each.ask_id].created_at]

    assert early == []
    assert all(each.created_at <= utc_now() for each in answers)
    # Not all of them on the day on which the demo was made.
    assert len({each.created_at.date() for each in answers}) > SIZE / 4


def test_a_changed_mind_comes_after_the_answer_that_it_supersedes(world: Session) -> None:
    at = {each.id: each.created_at for each in everything(world, Response)}
    changed = [each for each in everything(world, Response) if each.supersedes is not None]

    assert all(at[each.supersedes] <= each.created_at for each in changed)


def test_some_customers_were_told_and_none_before_the_answer_was_given(world: Session) -> None:
    given_on = {each.id: each.created_at.date() for each in everything(world, Response)}
    told = everything(world, Told)

    assert told
    assert all(given_on[each.response_id] <= each.told_on <= utc_today() for each in told)


def test_a_promise_is_as_old_as_its_answer(world: Session) -> None:
    at = {each.id: each.created_at for each in everything(world, Response)}

    assert all(each.created_at == at[each.response_id] for each in everything(world, Commitment))


def test_some_asks_were_withdrawn_and_say_why(world: Session) -> None:
    reasons = world.exec(select(Ask.withdrawn_reason).where(Ask.state == AskState.withdrawn)).all()

    assert reasons
    assert None not in reasons


def test_the_features_that_are_the_same_are_merged(world: Session) -> None:
    merged = count(world, Feature, col(Feature.merged_into).is_not(None))

    assert merged == 3


def test_some_customers_have_no_revenue_on_file(world: Session) -> None:
    unknown = count(
        world, Account, Account.lifecycle == "customer", col(Account.arr_minor).is_(None)
    )

    assert 0 < unknown < count(world, Account, Account.lifecycle == "customer") / 2


def test_deals_are_open_and_ended(world: Session) -> None:
    outcomes = set(world.exec(select(Opportunity.outcome)).all())

    assert {"open", "lost"} <= outcomes


def test_no_address_could_be_anybodys(world: Session) -> None:
    domains = [account.domain for account in everything(world, Account)]
    emails = [user.email for user in everything(world, User)]

    assert all(domain.endswith(".example") for domain in domains)
    assert all(email.endswith("@demo.nomaybe.example") for email in emails)


def test_its_guests_are_an_se_a_pm_and_an_administrator(world: Session) -> None:
    guests = demo.guests(world)

    assert [guest.role for guest in guests] == ["se", "pm", "admin"]


# Filling


@pytest.fixture
def fill(session: Session, policy: Policy) -> Fill:
    def run(**options: Any) -> list[tuple[int, int]]:
        steps = list(demo.fill(session, policy, **({"size": 30} | options)))
        session.commit()
        return steps

    return run


def looks(session: Session) -> list[Any]:
    """What of demo data does not hang on the clock."""
    accounts = [(a.name, a.arr_minor, a.arr_currency, a.tags) for a in everything(session, Account)]
    deals = [(d.name, d.amount_minor, d.stage) for d in everything(session, Opportunity)]
    asks = [(a.title, a.verbatim, a.why, a.importance, a.state) for a in everything(session, Ask)]
    answers = [(r.kind, r.basis, r.message) for r in everything(session, Response)]
    return [accounts, deals, sorted(map(str, asks)), answers]


def test_the_same_seed_makes_the_same(
    template: str, tmp_path: Path, session: Session, fill: Fill, policy: Policy
) -> None:
    fill(seed=7)

    with database(tmp_path, template) as url:
        engine = connect(url)
        with Session(engine) as other:
            list(demo.fill(other, policy, size=30, seed=7))
            assert looks(other) == looks(session)
        engine.dispose()


def test_another_seed_makes_something_else(
    template: str, tmp_path: Path, session: Session, fill: Fill, policy: Policy
) -> None:
    fill(seed=7)

    with database(tmp_path, template) as url:
        engine = connect(url)
        with Session(engine) as other:
            list(demo.fill(other, policy, size=30, seed=8))
            assert looks(other) != looks(session)
        engine.dispose()


def test_progress_goes_step_by_step_to_the_end(fill: Fill) -> None:
    steps = fill(size=5)

    assert [done for done, _of in steps] == list(range(1, len(steps) + 1))
    assert {of for _done, of in steps} == {len(steps)}


def test_people_alone_leave_a_database_empty(session: Session, make: Make) -> None:
    make.user()

    assert demo.is_empty(session)


def test_one_account_is_enough_for_a_database_not_to_be_empty(session: Session, make: Make) -> None:
    make.account()

    assert not demo.is_empty(session)


def test_people_who_are_there_already_stay_who_they_are(
    session: Session, make: Make, fill: Fill
) -> None:
    sam = make.user(email="sam@demo.nomaybe.example", name="Another Sam")

    fill(size=5)

    session.refresh(sam)
    assert sam.name == "Another Sam"


def test_a_guest_who_is_not_active_is_none(session: Session, make: Make) -> None:
    sam = make.user(email="sam@demo.nomaybe.example")
    sam.active = False
    session.commit()

    assert demo.guests(session) == []


def test_a_guest_signs_in_by_link(session: Session, fill: Fill) -> None:
    fill(size=5)
    guest = demo.guests(session)[0]

    token = sign_in.new_link(session, guest)

    assert sign_in.use_link(session, token).id == guest.id


def test_invented_companies_do_not_run_out() -> None:
    parts = words()["accounts"]
    names = len(parts["heads"]) * len(parts["tails"]) * len(parts["trades"])
    found = companies(dice(1))

    domains = {next(found).domain for _ in range(names + 10)}

    assert len(domains) == names + 10
