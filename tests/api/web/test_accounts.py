"""Accounts: the list, one of them, and the brief for a call."""

import pytest
from fastapi.testclient import TestClient

from models.account import Account
from models.feature import FeatureChange, FeatureStatus
from models.user import Role
from services.features import change_feature
from tests.api.web.conftest import Browser
from tests.factories import Make


class TestList:
    def test_found_by_a_part_of_the_name(self, desk: TestClient, make: Make) -> None:
        make.account(name="Acme Foods")
        make.account(name="Berg Energy")

        page = desk.get("/accounts?q=food").text

        assert "Acme Foods" in page
        assert "Berg Energy" not in page

    def test_of_one_segment(self, desk: TestClient, make: Make) -> None:
        make.customer(name="Acme", segment="enterprise")
        make.customer(name="Berg", segment="smb")

        page = desk.get("/accounts?segment=smb&lifecycle=").text

        assert "Berg" in page
        assert "Acme" not in page

    def test_more_than_a_page_goes_on(self, desk: TestClient, make: Make) -> None:
        for number in range(51):
            make.account(name=f"Account {number}")

        first = desk.get("/accounts?q=account").text
        link = first.split('class="pager"')[1].split('href="')[1].split('"')[0]

        assert "Account 50" in desk.get(link.replace("&amp;", "&")).text

    def test_none_yet(self, desk: TestClient) -> None:
        assert "No account yet" in desk.get("/accounts").text


class TestAccount:
    def test_what_it_asked_and_its_money(self, desk: TestClient, make: Make) -> None:
        account = make.customer("120000.00", name="Acme")
        make.ask(account, title="Dark theme")

        page = desk.get(f"/accounts/{account.id}").text

        assert "Dark theme" in page
        assert "$120,000" in page

    def test_its_deals_and_people(self, desk: TestClient, make: Make) -> None:
        account = make.account()
        make.opportunity(account, name="Rollout")
        make.ask(account, contact={"name": "Mia Holt"})

        page = desk.get(f"/accounts/{account.id}").text

        assert "Rollout" in page
        assert "Mia Holt" in page

    def test_a_change_is_kept(self, desk: TestClient, make: Make) -> None:
        account = make.account(name="Acme", industry="food")

        answer = desk.post(
            f"/accounts/{account.id}/edit",
            data={
                "name": "Acme",
                "lifecycle": "customer",
                "arr_amount": "1,500",
                "arr_currency": "USD",
                "industry": "",
            },
        )

        make.session.expire_all()
        kept = make.session.get_one(Account, account.id)
        assert answer.status_code == 303
        assert (kept.lifecycle, kept.arr_minor, kept.industry) == ("customer", 150000, None)

    def test_a_domain_that_another_has_is_told_at_its_field(
        self, desk: TestClient, make: Make
    ) -> None:
        make.account(domain="acme.example")

        answer = desk.post("/accounts/new", data={"name": "New", "domain": "acme.example"})

        assert answer.status_code == 422
        assert 'id="fault-domain"' in answer.text

    def test_merged_its_page_is_that_of_the_other(self, desk: TestClient, make: Make) -> None:
        gone, stays = make.account(name="Acme Ltd"), make.account(name="Acme")
        make.ask(gone, title="Dark theme")

        desk.post(f"/accounts/{gone.id}/merge", data={"into": str(stays.id)})
        answer = desk.get(f"/accounts/{gone.id}")

        assert answer.headers["location"] == f"/accounts/{stays.id}"
        assert "Dark theme" in desk.get(f"/accounts/{stays.id}").text

    @pytest.mark.parametrize("into", ["", "nothing", "00000000-0000-0000-0000-000000000000"])
    def test_into_nothing_it_is_not_merged(self, desk: TestClient, make: Make, into: str) -> None:
        answer = desk.post(f"/accounts/{make.account().id}/merge", data={"into": into})

        assert answer.status_code == 422
        assert "It was not merged" in answer.text


class TestBrief:
    def test_what_it_is_owed_with_its_age(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="Dark theme")

        page = desk.get(f"/accounts/{ask.account_id}/brief").text

        assert "Dark theme" in page
        assert "0 days old" in page

    def test_what_it_was_told_and_by_whom(self, desk: TestClient, make: Make) -> None:
        ask = make.ask(title="Dark theme")
        make.response(ask, kind="no", basis="out_of_scope")

        page = desk.get(f"/accounts/{ask.account_id}/brief").text
        text = desk.get(f"/accounts/{ask.account_id}/brief.md").text

        assert "not told yet" in page
        assert "- **No**: Dark theme (" in text

    def test_what_shipped_since_that_it_asked_for(self, desk: TestClient, make: Make) -> None:
        feature = make.planned(title="Dark theme")
        ask = make.ask(make.customer(), feature)
        change = FeatureChange(status=FeatureStatus.shipped)
        change_feature(make.session, make.boss, make.policy, feature.id, change)
        make.session.commit()

        shipped = desk.get(f"/accounts/{ask.account_id}/brief").text.split("Shipped since")[1]

        assert "it asked for this" in shipped

    def test_what_others_of_its_segment_ask_for_with_the_words(
        self, desk: TestClient, make: Make
    ) -> None:
        feature = make.planned(title="Dark theme")
        make.ask(make.customer(segment="smb"), feature)
        account = make.customer(segment="smb")

        page = desk.get(f"/accounts/{account.id}/brief").text

        assert "Dark theme” ships on 1 March 2100" in page

    def test_what_must_not_be_promised(self, desk: TestClient, make: Make) -> None:
        feature = make.feature(
            title="Dark theme", status="declined", decline_reason="Outside what it does."
        )
        account = make.ask(make.customer(), feature).account_id

        page = desk.get(f"/accounts/{account}/brief").text.split("Not to be promised")[1]

        assert "not in our plan" in page

    def test_as_markdown_no_mark_of_a_name_means_anything(
        self, desk: TestClient, make: Make
    ) -> None:
        account = make.account(name="*Acme* <b>")

        answer = desk.get(f"/accounts/{account.id}/brief.md")

        assert answer.headers["content-type"].startswith("text/markdown")
        assert answer.text.startswith("# Call brief: \\*Acme\\* \\<b\\>")

    def test_for_an_account_manager_too(self, browser_as: Browser, make: Make) -> None:
        browser = browser_as(Role.account_manager)

        assert browser.get(f"/accounts/{make.account().id}/brief").status_code == 200
