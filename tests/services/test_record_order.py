"""Words on records in any order, and twice: the end is the same."""

import os
import random
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from models.ask import Ask
from services import opportunities
from services.permissions import Caller
from tests.crm_records import COMPANY, DEAL, OF_COMPANY, OF_PERSON, PERSON, SOURCE, Crm, change
from tests.factories import Make

ORDERS = int(os.environ.get("NOMAYBE_ORDERS", "12"))  # before a release: 1,000


@pytest.fixture
def crm(session: Session, make: Make, admin: Caller) -> Crm:
    make.product()
    return Crm(session, admin)


HISTORY = [
    change(DEAL, 1, {"title": "v1"}),
    change(DEAL, 2, {"title": "v2", "opportunity.amount": "100"}),
    change(DEAL, 3, {"title": "v3", "opportunity.stage": "sent", "opportunity.outcome": "open"}),
    change(DEAL, 4, {"title": "v4", "opportunity.amount": "250", "opportunity.name": "Renewal"}),
    change(DEAL, 5, {"title": "v5"}),
    change(DEAL, 6, OF_COMPANY),
    change("deal:2", 6, {"title": "other", **OF_COMPANY}),
    change(COMPANY, 7, {"account.name": "Acme"}),
    change(COMPANY, 8, {"account.name": "Acme Ltd", "account.domain": "acme.example"}),
    change(DEAL, 9, OF_PERSON),
    change(PERSON, 10, {"contact.name": "Kim Roe", "contact.email": "kim@acme.example"}),
]


@pytest.mark.parametrize("seed", range(ORDERS))
def test_any_order_ends_alike(crm: Crm, seed: int) -> None:
    order = HISTORY[:]
    random.Random(seed).shuffle(order)  # noqa: S311  # no secret

    for each in order:
        crm.take(each)
    for each in order[:3]:
        crm.take(replace(each, event_key=each.event_key))

    kim = ("Kim Roe", "kim@acme.example")
    acme = ("Acme Ltd", "acme.example")
    first, second = crm.end()[3], crm.end()[6]
    assert crm.end() == [
        1,
        ("v5", "deal:1", *acme),
        kim,
        first,
        ("other", "deal:2", *acme),
        None,
        second,
    ]
    assert (first[0], first[1].amount, first[2]) == ("Renewal", "250.00", "sent")
    assert second[0] == "HubSpot deal 2"


def test_words_of_one_instant_end_alike_in_either_order(crm: Crm) -> None:
    told = [replace(change(DEAL, 1, {"title": word}), event_key=word) for word in "AB"]
    for number, order in enumerate((told, told[::-1])):
        for each in order:
            crm.take(replace(each, key=f"deal:{number}"))

    assert set(crm.session.execute(select(col(Ask.title))).scalars()) == {"B"}


def test_a_deal_can_still_be_changed_by_hand(crm: Crm, admin: Caller) -> None:
    crm.tell(title="SSO", opportunity__amount="5")

    seen = opportunities.get_opportunity(crm.session, admin, crm.deal().id)

    assert opportunities.seen(crm.session, seen)[0].external_refs == [
        {"source": SOURCE, "id": DEAL}
    ]
