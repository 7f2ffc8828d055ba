"""The guide: the answer that the facts support, in words that never hedge (R10)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.account import Segment
from models.ask import Ask
from models.base import new_id, utc_today
from models.feature import FeatureStatus
from models.product import BarSeen, Maturity
from models.response import EvidenceSeen, ResponseKind
from services import guide, wording
from services.contradictions import Before, Said
from services.errors import NotFound
from services.guide import Facts, owning_up, propose, quoted, reasons, truths
from tests.factories import Make

MONEY: st.SearchStrategy[dict[str, str]] = st.builds(
    dict,
    amount=st.integers(0, 10**9).map(lambda n: f"{n}.00"),
    currency=st.sampled_from(["USD", "EUR", "CHF"]),
)
BAR = st.none() | st.builds(
    BarSeen, accounts=st.integers(1, 10**6), arr=st.none() | MONEY
) | st.builds(BarSeen, accounts=st.none(), arr=MONEY)  # fmt: skip
HEDGING = [
    "Maybe later", "We'll look into it", "Could you consider dark mode?", "Roadmap view",
    'The "on our radar" page', "Hopefully soon. It's on our radar!", "No", "Yes", "Not planned",
    "If possible, SSO", "rock 'n' roll", "O'Reilly's feed", "5\u2033 screens", "\u201cquoted\u201d",
    "a; b: c, d (e) \u2014 f", "ships in Q3", "?", "...", "\u00abUltra\u00bb", "we can't promise",
]  # fmt: skip
NAMES = st.sampled_from(HEDGING) | st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60
)


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Any facts that can be."""
    status = draw(st.none() | st.sampled_from(FeatureStatus))
    dated = draw(st.dates(date(2020, 1, 1), date(2100, 1, 1)))
    target = dated if status in {FeatureStatus.planned, FeatureStatus.in_progress} else None
    bar = draw(BAR) if status is not None else None
    return Facts(
        name=quoted(draw(NAMES)),
        status=status,
        target_on=target,
        decline_reason="Nobody asks." if status is FeatureStatus.declined else None,
        maturity=draw(st.sampled_from(Maturity)),
        evidence=EvidenceSeen(
            feature_status=status,
            target_on=target,
            live_accounts_asking=None if status is None else draw(st.integers(0, 500)),
            live_accounts=draw(st.integers(0, 5000)),
            arr_asking=None,
            bar=bar,
        ),
        bar_reached=bar is not None and draw(st.booleans()),
        others=draw(st.integers(0, 3)),
    )


COUNTS = st.dictionaries(st.sampled_from(ResponseKind), st.integers(1, 10**4), max_size=3)
SAID = st.builds(
    Said,
    response_id=st.just(new_id()),
    ask_id=st.just(new_id()),
    account_id=st.just(new_id()),
    account_name=NAMES,
    kind=st.sampled_from(ResponseKind),
    basis=st.none(),
    author=NAMES,
    created_at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    told_on=st.none() | st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    stands=st.booleans(),
)
BEFORE = st.builds(
    Before,
    account=st.lists(SAID, max_size=5),
    segment=st.none() | st.sampled_from(Segment),
    segment_accounts=COUNTS,
    segment_latest=st.lists(SAID, max_size=3),
    lately=COUNTS,
)
SAYS = {"yes": "commit", "no": "refuse", "ranked": "rank"}


class TestPropose:
    @given(facts(), BEFORE)
    def test_its_words_never_hedge_and_say_what_they_mean(
        self, known: Facts, before: Before
    ) -> None:
        for each in (owning_up(one, before) for one in propose(known)):
            reading = wording.read(each.wording, each.kind.value)

            assert not reading.spans, each.wording
            assert reading.verdict.value == SAYS[each.kind], each.wording
            assert not wording.contradicts(reading, each.kind.value)

    @given(facts())
    def test_the_words_for_any_reason_say_what_they_mean(self, known: Facts) -> None:
        for each in truths(known):
            reading = wording.read(each.wording, each.kind.value)

            assert not reading.spans, each.wording
            assert reading.verdict.value == SAYS[each.kind], each.wording

    @given(facts())
    def test_no_answer_is_proposed_twice(self, known: Facts) -> None:
        proposed = [(each.kind, each.basis) for each in propose(known)]

        assert proposed
        assert len(set(proposed)) == len(proposed)

    @given(facts())
    def test_gives_its_reasons(self, known: Facts) -> None:
        said = reasons(known)

        assert len(said) >= 2
        assert all(each.rstrip().endswith((".", "\u201d")) for each in said)

    @given(BEFORE)
    def test_what_was_said_before_is_among_the_reasons_with_its_figures(
        self, before: Before
    ) -> None:
        said = before.reasons()

        assert all(each.endswith(".") for each in said)
        assert not any(wording.read(each, None).spans for each in said)
        if before.account:
            assert str(before.account[0].created_at.date()) in said[0]
        for against in before.contradicting().values():
            assert set(against) <= {each.partition("this: ")[2] for each in said}

    @given(facts(), BEFORE)
    def test_it_owns_up_to_what_was_told_otherwise(self, known: Facts, before: Before) -> None:
        for each in propose(known):
            otherwise = [
                said for said in before.account if said.told_on and said.kind is not each.kind
            ]

            assert (owning_up(each, before).wording != each.wording) is bool(otherwise)

    @given(st.sampled_from(HEDGING))
    @example("")
    def test_a_name_is_in_one_pair_of_quotation_marks(self, name: str) -> None:
        said = quoted(name)

        assert (said[0], said[-1]) == ("\u201c", "\u201d")
        assert not set(said[1:-1]) & set('"\u201c\u201d\u00ab\u00bb\u2033')


def proposal(make: Make, ask: Ask) -> dict[str, Any]:
    """What the guide says about an ask."""
    make.session.commit()
    return guide.guide(make.session, make.boss, make.policy, ask.id)


def kind_and_basis(found: dict[str, Any]) -> dict[str, Any]:
    """An answer that the guide names, without its words."""
    return {"kind": found["kind"], "basis": found["basis"]}


def shown(make: Make, product_id: Any, count: int = 2) -> None:
    """Features to order the asked one among."""
    for _each in range(count):
        make.feature(product_id=product_id, shareable=True)


class TestGuide:
    def test_shipped_is_a_yes_today(self, make: Make) -> None:
        found = proposal(make, make.ask(feature=make.feature(status="shipped", title="SSO")))

        assert found["proposal"] == {"kind": "yes", "basis": "available"}
        assert found["wording"] == "Yes: \u201cSSO\u201d is in the product today."

    @pytest.mark.parametrize("status", ["planned", "in_progress"])
    def test_planned_is_a_yes_by_its_day(self, status: str, make: Make) -> None:
        feature = make.planned(date(2100, 3, 1), status=status, title="SSO")

        found = proposal(make, make.ask(feature=feature))

        assert found["proposal"] == {"kind": "yes", "basis": "committed"}
        assert found["wording"] == "Yes: \u201cSSO\u201d ships on 1 March 2100."

    def test_a_day_that_has_passed_is_promised_to_nobody(self, make: Make) -> None:
        product = make.product()
        ask = make.ask(feature=make.planned(date(2026, 3, 1), title="SSO", product_id=product.id))

        alone = proposal(make, ask)
        shown(make, product.id)
        beside = proposal(make, ask)

        assert alone["proposal"] == {"kind": "no", "basis": "not_planned"}
        assert "was planned for 1 March 2026." in alone["wording"]
        assert alone["alternatives"] == []
        assert [beside["proposal"], *map(kind_and_basis, beside["alternatives"])] == [
            {"kind": "ranked", "basis": None},
            {"kind": "no", "basis": "not_planned"},
        ]
        assert any("That day has passed" in each for each in beside["because"])

    def test_a_straight_wording_names_no_day_that_has_passed(self, make: Make) -> None:
        days = [date(2026, 3, 1), utc_today(), date(2100, 3, 1)]
        asks = [make.ask(feature=make.planned(day)) for day in days]

        known = [guide.known_of(make.session, make.boss, make.policy, ask.id) for ask in asks]

        assert known[0].date is None
        assert known[1].date is not None
        assert known[2].date == "1 March 2100"

    def test_declined_is_a_no(self, make: Make) -> None:
        feature = make.feature(status="declined", decline_reason="Out of our way.")

        found = proposal(make, make.ask(feature=feature))

        assert found["proposal"] == {"kind": "no", "basis": "not_planned"}
        assert any("Out of our way." in each for each in found["because"])

    def test_an_early_product_ranks(self, make: Make) -> None:
        product = make.product(maturity="early", demand_bar={"accounts": 5})
        shown(make, product.id)

        found = proposal(make, make.ask(feature=make.feature(product_id=product.id)))

        assert found["proposal"] == {"kind": "ranked", "basis": None}

    def test_an_established_product_looks_at_its_bar(self, make: Make) -> None:
        product = make.product(demand_bar={"accounts": 5})
        shown(make, product.id)

        found = proposal(make, make.ask(make.customer(), make.feature(product_id=product.id)))

        assert found["proposal"] == {"kind": "no", "basis": "insufficient_demand"}
        assert "1 of 1 ask for it today; our bar is 5 live customers." in found["wording"]

    def test_above_the_bar_lack_of_demand_is_not_proposed(self, make: Make) -> None:
        product = make.product(demand_bar={"accounts": 1})
        shown(make, product.id)

        found = proposal(make, make.ask(make.customer(), make.feature(product_id=product.id)))

        kinds = [found["proposal"], *found["alternatives"]]
        assert found["proposal"]["kind"] is ResponseKind.ranked
        assert "insufficient_demand" not in [each["basis"] for each in kinds]

    def test_without_two_others_there_is_no_ranking(self, make: Make) -> None:
        product = make.product(maturity="early")
        shown(make, product.id, 1)

        found = proposal(make, make.ask(feature=make.feature(product_id=product.id)))

        assert found["proposal"] == {"kind": "no", "basis": "not_planned"}
        assert any("there is 1" in each for each in found["because"])

    def test_untriaged_can_only_be_a_no(self, make: Make) -> None:
        found = proposal(make, make.ask(title="Maybe dark mode?"))

        assert {each["kind"] for each in (found["proposal"], *found["alternatives"])} == {"no"}
        assert found["figures"].feature_status is None

    def test_says_that_there_is_an_answer(self, make: Make) -> None:
        ask = make.ask()
        make.response(ask)

        assert "supersedes" in proposal(make, ask)["because"][-1]

    def test_customers_see_the_public_name(self, make: Make) -> None:
        feature = make.feature(status="shipped", title="Falcon", public_title="SSO")

        assert "\u201cSSO\u201d" in proposal(make, make.ask(feature=feature))["wording"]

    def test_what_it_proposes_can_be_said(self, make: Make) -> None:
        product = make.product(demand_bar={"accounts": 5})
        ask = make.ask(feature=make.feature(product_id=product.id))
        found = proposal(make, ask)

        response = make.response(ask, **found["proposal"], message=found["wording"])

        assert response.hedges == []

    def test_of_an_unknown_ask(self, make: Make) -> None:
        with pytest.raises(NotFound):
            guide.guide(make.session, make.boss, make.policy, new_id())
