"""Features: what a status needs, and merges that can be taken back exactly."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.base import new_id
from models.feature import Feature, FeatureChange, FeatureNew, FeatureStatus
from models.product import BarSeen
from models.user import Role
from services import ask_views, bars, families, features
from services.errors import DomainError, Invalid, Merged, NotFound, Stale
from services.permissions import Caller, NotPermitted
from services.policy import Policy
from services.users import caller_for
from tests.factories import Make


def change(make: Make, feature: Feature, expected: int | None = None, **fields: Any) -> Feature:
    """Change a feature."""
    return features.change_feature(
        make.session, make.boss, make.policy, feature.id, FeatureChange(**fields), expected=expected
    )


def merge(make: Make, feature: Feature, into: Feature) -> Feature:
    """Merge a feature into another one."""
    merged = features.merge_features(make.session, make.boss, make.policy, feature.id, into.id)
    make.session.commit()
    return merged


def unmerge(make: Make, feature: Feature) -> Feature:
    """Take a merge back."""
    alone = features.unmerge_feature(make.session, make.boss, make.policy, feature.id)
    make.session.commit()
    return alone


class TestCreate:
    @pytest.mark.parametrize(
        ("fields", "needed"),
        [
            ({"status": "declined"}, "decline_reason"),
            ({"status": "planned"}, "target_on"),
            ({"status": "in_progress"}, "target_on"),
        ],
    )
    def test_a_status_needs_its_reason_or_day(
        self, fields: dict[str, Any], needed: str, make: Make
    ) -> None:
        with pytest.raises(Invalid, match=f"^{needed}: is needed"):
            make.feature(**fields)

    def test_needs_a_product_that_is_there(self, make: Make) -> None:
        with pytest.raises(Invalid, match=r"^product_id: there is no product"):
            make.feature(product_id=new_id())

    def test_is_the_pm_s_to_do(self, make: Make) -> None:
        se = caller_for(make.user(Role.se))
        new = FeatureNew(product_id=make.product().id, title="Mine")

        with pytest.raises(NotPermitted):
            features.create_feature(make.session, se, new)


class TestChange:
    @pytest.mark.parametrize(
        ("fields", "needed"),
        [
            ({"status": "declined"}, "decline_reason"),
            ({"status": "planned", "target_on": None}, "target_on"),
            ({"target_on": None}, "target_on"),
        ],
    )
    def test_a_status_needs_its_reason_or_day(
        self, fields: dict[str, Any], needed: str, make: Make
    ) -> None:
        feature = make.planned()

        with pytest.raises(Invalid, match=f"^{needed}: is needed"):
            change(make, feature, **fields)

    def test_sets_a_bar_and_takes_it_away(self, make: Make) -> None:
        feature = make.feature()
        bar = {"accounts": 5, "arr": {"amount": "5.00", "currency": "USD"}}

        change(make, feature, demand_bar=bar)
        assert feature.demand_bar == BarSeen.model_validate(bar)

        change(make, feature, demand_bar=None)
        assert feature.demand_bar is None

    def test_of_a_version_that_is_gone_is_refused(self, make: Make) -> None:
        feature = make.feature()
        change(make, feature, title="New", expected=1)

        with pytest.raises(Stale):
            change(make, feature, title="Newer", expected=1)

    def test_a_merged_one_is_refused_and_names_the_other(self, make: Make) -> None:
        gone, remains = make.feature(), make.feature()
        merge(make, gone, remains)

        with pytest.raises(Merged) as caught:
            change(make, gone, title="New")

        assert caught.value.more == {"merged_into": str(remains.id)}


class TestMerge:
    def test_moves_nothing(self, make: Make) -> None:
        gone, remains = make.feature(), make.feature()
        ask = make.ask(feature=gone)

        merge(make, gone, remains)

        make.session.refresh(ask)
        assert ask.feature_id == gone.id
        assert gone.merged_into == remains.id

    def test_is_found_under_the_one_that_remains(self, make: Make) -> None:
        gone, remains, other = (make.feature() for _each in range(3))
        asked = [make.ask(feature=each).id for each in (gone, remains, other)]
        merge(make, gone, remains)
        wanted = ask_views.AskFilter(feature_id=[remains.id])

        found, _more = ask_views.list_asks(make.session, make.boss, wanted, limit=50)

        assert {each["id"] for each in found} == set(asked[:2])

    def test_counts_the_version_of_both_up(self, make: Make) -> None:
        gone, remains = make.feature(), make.feature()

        merge(make, gone, remains)

        assert (gone.version, remains.version) == (2, 2)

    def test_into_itself_is_refused(self, make: Make) -> None:
        feature = make.feature()

        with pytest.raises(Invalid, match="is the feature itself"):
            merge(make, feature, feature)

    def test_into_another_product_is_refused(self, make: Make) -> None:
        feature, other = make.feature(), make.feature(product_id=make.product().id)
        other = make.feature(product_id=make.product().id)

        with pytest.raises(Invalid, match="another product"):
            merge(make, feature, other)

    def test_twice_is_refused(self, make: Make) -> None:
        gone, remains, third = (make.feature() for _each in range(3))
        merge(make, gone, remains)

        for one, other in ((gone, third), (third, gone), (remains, gone)):
            with pytest.raises(Merged):
                merge(make, one, other)

    def test_what_is_not_there(self, make: Make, admin: Caller, policy: Policy) -> None:
        feature = make.feature()

        with pytest.raises(NotFound):
            features.merge_features(make.session, admin, policy, new_id(), feature.id)
        with pytest.raises(Invalid, match=r"^into: there is no feature"):
            features.merge_features(make.session, admin, policy, feature.id, new_id())


class TestUnmerge:
    def test_what_was_not_merged_is_refused(self, make: Make) -> None:
        with pytest.raises(features.NotMerged):
            unmerge(make, make.feature())

    def test_in_the_middle_of_a_chain(self, make: Make) -> None:
        first, second, third = (make.feature() for _each in range(3))
        merge(make, first, second)
        merge(make, second, third)

        unmerge(make, second)

        assert families.survivor(make.session, first).id == second.id
        assert third.merged_into is None


def figures(make: Make, all_of_them: list[Feature]) -> list[Any]:
    """Every number of every feature."""
    make.session.expire_all()
    wanted = [ask_views.AskFilter(feature_id=[each.id]) for each in all_of_them]
    return [
        (
            each.status,
            each.merged_into,
            bars.standing(make.session, each),
            bars.evidence(make.session, make.policy, each),
            [ask["id"] for ask in ask_views.list_asks(make.session, make.boss, which, limit=50)[0]],
        )
        for each, which in zip(all_of_them, wanted, strict=True)
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=6),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25
)
def test_taking_merges_back_restores_every_number(
    make: Make, merges: list[tuple[int, int]], asked: list[tuple[int, int]]
) -> None:
    product = make.product().id
    some = [make.feature(product_id=product) for _each in range(4)]
    customers = [make.customer(f"{n}.00") for n in range(3)]
    for account, feature in asked:
        make.ask(customers[account], some[feature])
    done, snapshots = [], [figures(make, some)]
    for one, other in merges:
        try:
            merge(make, some[one], some[other])
        except DomainError:
            continue
        done.append(one)
        snapshots.append(figures(make, some))

    for one in reversed(done):
        assert figures(make, some) == snapshots.pop()
        unmerge(make, some[one])

    assert figures(make, some) == snapshots.pop()


class TestSurvivors:
    @given(st.lists(st.integers(0, 9), min_size=1, max_size=10))
    def test_are_at_the_end_of_each_chain(self, above: list[int]) -> None:
        ids = [new_id() for _each in above]
        # Each may be merged into one with a smaller number only, so that there is no circle.
        into = {ids[n]: ids[a] if a < n else None for n, a in enumerate(above)}

        found = families.survivors(into)

        for start in ids:
            end = start
            while (next_one := into[end]) is not None:
                end = next_one
            assert found[start] == end


class TestList:
    def test_filters(self, make: Make) -> None:
        first, second = make.product().id, make.product().id
        open_one = make.feature(product_id=first)
        shown = make.planned(product_id=first, shareable=True)
        other = make.feature(product_id=second)
        gone = make.feature(product_id=second)
        merge(make, gone, other)
        filters: list[dict[str, Any]] = [
            {},
            {"product_id": [second]},
            {"status": [FeatureStatus.planned, FeatureStatus.shipped]},
            {"shareable": True},
            {"shareable": False},
            {"merged": True},
        ]

        found = [
            [each.id for each in features.list_features(make.session, make.boss, limit=9, **one)[0]]
            for one in filters
        ]

        assert found == [
            [open_one.id, shown.id, other.id], [other.id], [shown.id], [shown.id],
            [open_one.id, other.id], [gone.id],
        ]  # fmt: skip

    def test_page_by_page(self, make: Make) -> None:
        made = [make.feature().id for _each in range(3)]

        first, cursor = features.list_features(make.session, make.boss, limit=2)
        rest, end = features.list_features(make.session, make.boss, limit=2, cursor=cursor)

        assert [each.id for each in (*first, *rest)] == made
        assert end is None

    def test_a_merged_one_can_still_be_read(self, make: Make) -> None:
        gone, remains = make.feature(), make.feature(target_on=date(2027, 1, 1))
        merge(make, gone, remains)

        assert features.get_feature(make.session, make.boss, gone.id).merged_into == remains.id
