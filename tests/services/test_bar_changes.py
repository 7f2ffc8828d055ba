"""Every change of a bar is recorded with who and why."""

from typing import Any

import pytest

from models.feature import Feature, FeatureChange
from models.product import Barred, Product, ProductChange
from services import bar_changes, features, products
from services.errors import Invalid
from tests.factories import Make

BARRED = pytest.mark.parametrize("kind", [Product, Feature])


def made(make: Make, kind: type[Barred], **fields: Any) -> Barred:
    """A product or a feature."""
    return make.product(**fields) if kind is Product else make.feature(**fields)


def change(make: Make, record: Barred, **fields: Any) -> None:
    """Change one or the other."""
    session, by, policy = make.session, make.boss, make.policy
    if isinstance(record, Product):
        products.change_product(session, by, policy, record.id, ProductChange(**fields))
    else:
        features.change_feature(session, by, policy, record.id, FeatureChange(**fields))
    session.commit()


def history(make: Make, record: Barred, limit: int = 9) -> list[Any]:
    """What is told of each change: how many accounts before and after, and why."""
    found = bar_changes.history(make.session, make.boss, type(record), record.id, limit=limit)
    return [
        (each.before and each.before.accounts, each.after and each.after.accounts, each.why)
        for each in found
    ]


@BARRED
def test_each_change_keeps_its_reason(kind: type[Barred], make: Make) -> None:
    record = made(make, kind, demand_bar={"accounts": 3}, bar_reason="We are young.")
    change(make, record, demand_bar={"accounts": 8}, bar_reason="We grew.")
    change(make, record, demand_bar={"accounts": 9})
    change(make, record, demand_bar=None, bar_reason="We build it anyway.")

    assert history(make, record) == [
        (9, None, "We build it anyway."),
        (8, 9, None),
        (3, 8, "We grew."),
    ]
    assert history(make, record, limit=1) == [(9, None, "We build it anyway.")]


@BARRED
def test_it_says_who_and_when(kind: type[Barred], make: Make) -> None:
    record = made(make, kind)
    change(make, record, demand_bar={"accounts": 8})

    (found,) = bar_changes.history(make.session, make.boss, kind, record.id, limit=9)

    assert (found.by, found.at) == ("A Person", record.changed_at)


@BARRED
def test_other_changes_are_none_of_the_bar(kind: type[Barred], make: Make) -> None:
    record = made(make, kind, demand_bar={"accounts": 3}, bar_reason="We are young.")
    name = "name" if kind is Product else "title"
    change(make, record, **{name: "Another"})
    change(make, record, demand_bar={"accounts": 3})
    change(make, record, demand_bar={"accounts": 3}, bar_reason="We are young.")

    assert history(make, record) == []
    assert record.bar_reason == "We are young."


@BARRED
@pytest.mark.parametrize("bar", [{}, {"demand_bar": {"accounts": 3}}])
def test_a_reason_goes_with_a_change(kind: type[Barred], bar: dict[str, Any], make: Make) -> None:
    record = made(make, kind, demand_bar={"accounts": 3}, bar_reason="We are young.")

    with pytest.raises(Invalid, match="bar stays as it is") as caught:
        change(make, record, bar_reason="We grew.", **bar)

    assert [each["loc"][-1] for each in caught.value.errors] == ["bar_reason"]


@BARRED
def test_no_reason_without_a_bar(kind: type[Barred], make: Make) -> None:
    with pytest.raises(Invalid, match="bar stays as it is"):
        made(make, kind, bar_reason="We are young.")
