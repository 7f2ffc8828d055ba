"""Fragments that come while one types."""

from datetime import date

import pytest
from fastapi.testclient import TestClient

from tests.factories import Make


class TestAccounts:
    @pytest.mark.parametrize("typed", ["acm", "ACME", "me.exam"])
    def test_they_are_found_by_name_and_domain(
        self, desk: TestClient, make: Make, typed: str
    ) -> None:
        make.account(name="Acme", domain="acme.example")
        make.account(name="Other")

        found = desk.get("/accounts/suggest", params={"account": typed}).text

        assert '<option value="Acme" label="acme.example">' in found
        assert "Other" not in found

    def test_one_that_is_known_shows_its_money_and_its_open_deals(
        self, desk: TestClient, make: Make
    ) -> None:
        account = make.customer(arr="5000.00", name="Acme")
        deal = make.opportunity(account, name="Renewal")
        make.opportunity(account, name="Gone", outcome="lost")

        found = desk.get("/accounts/suggest", params={"account": "acme"}).text

        assert "$5,000 ARR" in found
        assert f'<option value="{deal.id}">Renewal' in found
        assert "Gone" not in found

    def test_a_new_one_says_that_it_is_made(self, desk: TestClient) -> None:
        params = {"account": "Acme", "domain": "acme.example"}

        found = desk.get("/accounts/suggest", params=params).text

        assert "New: <strong>Acme</strong> is made as a prospect" in found

    def test_two_of_one_name_ask_for_the_domain(self, desk: TestClient, make: Make) -> None:
        make.account(name="Acme", domain="acme.example")
        make.account(name="ACME", domain="acme.test")

        found = desk.get("/accounts/suggest", params={"account": "Acme"}).text

        assert "the domain says which" in found


class TestFeatures:
    def test_the_one_most_alike_comes_first(self, desk: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")
        saml = make.feature(title="Single sign-on with SAML")

        found = desk.get("/asks/similar", params={"title": "SAML sign-on"}).text

        assert found.index("data-pick") == found.index(f'data-pick="{saml.id}"')

    def test_only_those_of_the_product_chosen(self, desk: TestClient, make: Make) -> None:
        make.feature(title="Dark theme")
        other = make.product()

        found = desk.get(
            "/asks/similar", params={"title": "Dark theme", "product_id": str(other.id)}
        ).text

        assert "No feature is like it" in found

    @pytest.mark.parametrize("title", ["", "  ", "Da"])
    def test_a_title_too_short_finds_nothing(
        self, desk: TestClient, make: Make, title: str
    ) -> None:
        make.feature(title="Dark theme")

        assert "data-pick" not in desk.get("/asks/similar", params={"title": title}).text


class TestMessage:
    @pytest.fixture
    def check(self, make: Make) -> str:
        """The address that reads the words of an ask's answer."""
        return f"/asks/{make.ask().id}/check"

    def test_a_hedge_is_marked_with_the_straight_wording(
        self, desk: TestClient, check: str
    ) -> None:
        form = {"kind": "no", "message_no": "Hi. It is on our radar."}

        found = desk.post(check, data=form).text

        assert "<mark>on our radar</mark>" in found
        assert 'data-start="10" data-phrase="on our radar"' in found

    def test_the_straight_wording_names_the_facts(self, desk: TestClient, make: Make) -> None:
        asking, other = make.customer(), make.customer()
        ask = make.ask(asking, make.feature(demand_bar={"accounts": 3}))
        planned = make.ask(other, make.planned(date(2100, 3, 1)))

        no = desk.post(
            f"/asks/{ask.id}/check", data={"kind": "no", "message_no": "It is on our radar."}
        )
        yes = desk.post(
            f"/asks/{planned.id}/check", data={"kind": "yes", "message_yes": "We might add it."}
        )

        assert "1 of 2 live customers ask for it, and our bar is 3" in no.text
        assert "will, on 1 March 2100," in yes.text

    def test_straight_words_are_said_to_be(self, desk: TestClient, check: str) -> None:
        form = {"kind": "no", "message_no": "No: we are not building it."}

        assert "Straight: no hedge" in desk.post(check, data=form).text

    def test_words_that_say_something_else_are_told(self, desk: TestClient, check: str) -> None:
        form = {"kind": "no", "message_no": "Yes: it is there today."}

        assert "the words read as a yes" in desk.post(check, data=form).text

    def test_the_words_of_the_kind_chosen_are_read(self, desk: TestClient, check: str) -> None:
        form = {"kind": "no", "message_yes": "It is on our radar.", "message_no": ""}

        assert "<mark>" not in desk.post(check, data=form).text

    @pytest.mark.parametrize("form", [{"kind": "maybe"}, {"kind": "no", "message_no": "x" * 20001}])
    def test_what_cannot_be_read_is_refused(
        self, desk: TestClient, check: str, form: dict[str, str]
    ) -> None:
        assert desk.post(check, data=form).status_code == 422
