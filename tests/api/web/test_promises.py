"""Promises: the list, what it holds, and releasing one."""

import re
from datetime import date
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from models.ask import Ask
from models.commitment import Commitment, CommitmentRelease
from models.opportunity import Outcome
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make


@pytest.fixture
def office(browser_as: Browser) -> TestClient:
    """The browser of a PM."""
    return browser_as(Role.pm)


def promise(make: Make, name: str = "Acme", **fields: object) -> UUID:
    """A promise to a customer of this name; its id."""
    due = fields.pop("due", date(2099, 3, 1))
    assert isinstance(due, date)
    ask = make.ask(make.customer("5000.00", name=name), make.planned(due, title="Dark theme"))
    response = make.response(ask, kind="yes", basis="committed", **fields)
    found = make.session.exec(select(Commitment).where(col(Commitment.response_id) == response.id))
    made = found.one().id
    make.session.commit()
    return made


class TestList:
    def test_what_is_owed_is_shown_with_what_was_said(self, desk: TestClient, make: Make) -> None:
        promise(make, message="Yes: a dark theme ships by March 2099.")

        page = desk.get("/promises").text

        assert "Acme" in page
        assert "Yes: a dark theme ships by March 2099." in page

    def test_a_contract_holds_money(self, desk: TestClient, make: Make) -> None:
        promise(make, contractual=True, contract_reference="MSA 12, 4.2")

        page = desk.get("/promises").text

        assert "MSA 12, 4.2" in page
        assert "Held by contracts" in page

    def test_what_is_held_follows_the_filters(self, desk: TestClient, make: Make) -> None:
        first = promise(make, "Acme", contractual=True, contract_reference="MSA 1")
        promise(make, "Zenith", contractual=True, contract_reference="MSA 2")
        other = make.session.get_one(Commitment, first)
        account, feature = make.session.get_one(Ask, other.ask_id).account_id, other.feature_id
        make.session.commit()

        def held(query: str) -> list[str]:
            page = desk.get(f"/promises?{query}").text
            return re.findall(r"(\d+) promises?\b", page.partition('class="figures"')[2][:600])

        assert held("") == ["2"]
        assert held(f"account_id={account}") == ["1"]
        assert held(f"feature_id={feature}&contractual=yes") == ["1"]
        assert held("contractual=no") == []
        assert held("show=delivered") == []

    def test_a_lost_deal_holds_nothing_and_is_said(
        self, desk: TestClient, office: TestClient, make: Make
    ) -> None:
        account = make.customer("5000.00")
        deal = make.opportunity(account, amount={"amount": "70.00", "currency": "USD"})
        ask = make.ask(account, make.planned(), opportunity_id=deal.id)
        make.response(ask, kind="yes", basis="committed", contractual=True)
        deal.outcome = Outcome.lost
        make.session.commit()
        made = make.session.exec(select(Commitment.id)).one()

        page = desk.get("/promises").text

        assert f'title="{deal.name}">Deal lost<' in page
        assert "$70" not in page
        assert f"{deal.name} is lost" in office.get(f"/promises/{made}/release").text

    def test_overdue_ones_have_a_tab(self, desk: TestClient, make: Make) -> None:
        promise(make, "Acme")

        assert "Nothing is overdue" in desk.get("/promises?show=overdue").text

    def test_by_account(self, desk: TestClient, make: Make) -> None:
        promise(make, "Acme")
        other = make.customer(name="Zenith")

        page = desk.get(f"/promises?account_id={other.id}").text

        assert "No promise fits" in page

    def test_by_feature(self, desk: TestClient, make: Make) -> None:
        made = promise(make, "Acme")
        feature_id = make.session.get_one(Commitment, made).feature_id

        page = desk.get(f"/promises?feature_id={feature_id}").text

        assert "show all features" in page
        assert "Acme" in page

    def test_by_contract(self, desk: TestClient, make: Make) -> None:
        promise(make, "Acme")

        assert "Acme" not in desk.get("/promises?contractual=yes").text

    def test_an_unknown_tab_is_refused(self, desk: TestClient) -> None:
        assert desk.get("/promises?show=maybe").status_code == 422

    def test_an_empty_one_says_what_a_promise_is(self, desk: TestClient) -> None:
        assert "Nothing is owed" in desk.get("/promises").text

    def test_an_se_is_offered_no_release(self, desk: TestClient, make: Make) -> None:
        promise(make)

        assert "/release" not in desk.get("/promises").text


class TestRelease:
    def test_it_needs_a_reason(self, office: TestClient, make: Make) -> None:
        made = promise(make)

        answer = office.post(f"/promises/{made}/release", data={"reason": " "})

        assert answer.status_code == 422
        assert "is needed" in answer.text

    def test_the_reason_stays_on_file(self, office: TestClient, make: Make) -> None:
        made = promise(make)

        answer = office.post(f"/promises/{made}/release", data={"reason": "They left the beta."})

        assert answer.status_code == 303
        assert make.session.get_one(CommitmentRelease, made).reason == "They left the beta."
        assert "They left the beta." in office.get("/promises?show=released").text

    def test_twice_is_refused(self, office: TestClient, make: Make) -> None:
        made = promise(make)
        office.post(f"/promises/{made}/release", data={"reason": "They left the beta."})

        answer = office.post(f"/promises/{made}/release", data={"reason": "Again."})

        assert answer.status_code == 409
        assert "Nothing to release" in answer.text
