"""A walk over a list meets every row that was there at its start exactly once."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from models.user import Role, Scope
from tests.factories import Make

API = "/api/v1"
START = 7
LISTS: dict[str, Callable[[Make], Any]] = {
    "products": lambda make: make.product(),
    "accounts": lambda make: make.account(),
    "opportunities": lambda make: make.opportunity(),
    "features": lambda make: make.feature(),
    "asks": lambda make: make.ask(),
    "asks?sort=-created_at": lambda make: make.ask(),
    "asks?sort=created_at": lambda make: make.ask(),
    "commitments": lambda make: make.response(
        make.ask(make.customer(), make.planned()), kind="yes", basis="committed"
    ),
    "debts": lambda make: make.ask(),
    "users": lambda make: make.user(Role.viewer),
    "api-keys": lambda make: make.key(make.user(), Scope.asks_read),
}
OTHERS = ("connectors", "inbox", "demand", "contradictions")
CHANGES = {
    "products": {"maturity": "early"},
    "accounts": {"region": "EMEA"},
    "opportunities": {"stage": "Proposal"},
    "features": {"area": "Data"},
    "asks": {"importance": "blocker"},
    "users": {"name": "Renamed"},
}


def walk(client: TestClient, path: str, between: Callable[[], None], limit: int) -> list[str]:
    """The ids on all pages of a list; something happens after each page."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{API}/{path}", params=query)
        assert page.status_code == 200, page.text
        assert len(page.json()["items"]) <= limit
        found += [each["id"] for each in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found
        between()


@pytest.mark.parametrize("path", LISTS)
def test_while_others_insert_and_change(boss: TestClient, make: Make, path: str) -> None:
    noun = path.partition("?")[0]
    for _each in range(START):
        LISTS[path](make)
    there = walk(boss, path, lambda: None, 200)
    left = 5

    def meddle() -> None:
        nonlocal left
        left -= 1
        if left > 0:  # else a walk from old to new would never end
            LISTS[path](make)
        for each in there if noun in CHANGES else ():
            boss.patch(f"{API}/{noun}/{each}", json=CHANGES[noun], headers={"If-Match": "*"})

    met = walk(boss, path, meddle, 2)

    assert len(there) >= START
    assert len(met) == len(set(met))
    assert [each for each in met if each in there] == there


@pytest.mark.parametrize("total", [0, 1, 2, 3, 4])
def test_the_last_page_says_so(pm: TestClient, make: Make, total: int) -> None:
    for _each in range(total):
        make.product()
    pages = 0

    def count() -> None:
        nonlocal pages
        pages += 1

    found = walk(pm, "products", count, 2)

    assert len(found) == total
    assert pages == max(0, (total - 1) // 2), "there is no empty last page"


def test_the_newest_is_first_among_asks(se: TestClient, make: Make) -> None:
    made = [str(make.ask().id) for _each in range(3)]

    assert walk(se, "asks", lambda: None, 2) == made[::-1]


@pytest.mark.parametrize("path", sorted({path.partition("?")[0] for path in LISTS} | {*OTHERS}))
def test_what_is_no_cursor_of_the_list_is_refused(boss: TestClient, path: str) -> None:
    values: list[Any] = [
        [],
        {},
        None,
        1,
        "01890a5d-ac96-774b-bcce-b302099a8057",
        ["01890a5d"],
        [1],
        [None],
        [True],
        [float("nan")],
        [[]],
        ["\ud800"],
        ["\x00"],
        [10**400],
        ["01890a5d-ac96-774b-bcce-b302099a8057"] * 9,
    ]
    written = [base64.urlsafe_b64encode(json.dumps(value).encode()).decode() for value in values]
    hostile = ["x", "=", "é", "\x00", "W10==", "%", "[" * 1500, "A" * 2001, "", *written]
    hostile += [each.rstrip("=") for each in written]

    for cursor in hostile:
        answer = boss.get(f"{API}/{path}", params={"cursor": cursor})
        assert answer.status_code == 422, (path, cursor, answer.text)
        assert answer.json()["errors"][0]["loc"] == ["query", "cursor"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "1.5", "x", "", "9" * 5000, "\uff11"])
def test_a_limit_is_1_to_200(boss: TestClient, limit: str) -> None:
    for path in ("products", "asks", "demand", "inbox"):
        answer = boss.get(f"{API}/{path}", params={"limit": limit})
        assert answer.status_code == 422, (path, limit)
        assert answer.json()["errors"][0]["loc"] == ["query", "limit"]
