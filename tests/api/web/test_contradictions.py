"""The page of contradictions, and what an ask's page shows before one answers."""

from fastapi.testclient import TestClient

from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make
from tests.services.test_contradictions import YES, say


def test_a_pair_leads_to_both_asks(desk: TestClient, make: Make) -> None:
    feature = make.feature(title="SSO")
    make.product(name="Second")
    no, yes = say(make, feature), say(make, feature, **YES)

    page = desk.get("/contradictions").text

    assert f"/asks/{no.ask_id}" in page
    assert f"/asks/{yes.ask_id}" in page
    assert "two accounts" in page
    assert "SSO" in desk.get(f"/contradictions?feature_id={feature.id}&product_id=").text
    assert "All products" in page


def test_there_is_none(desk: TestClient, make: Make) -> None:
    feature = make.feature()

    assert "All answers that stand fit together" in desk.get("/contradictions").text
    narrowed = desk.get(f"/contradictions?feature_id={feature.id}").text
    assert "All answers about this fit together" in narrowed


def test_pages_follow_one_another(desk: TestClient, make: Make) -> None:
    feature, account = make.feature(), make.customer()
    say(make, feature, account)
    for _each in range(51):
        say(make, feature, account, **YES)

    page = desk.get("/contradictions").text

    assert page.count('"area">one account') == 50
    link = page.partition('class="pager"')[2].partition('href="')[2].partition('"')[0]
    assert desk.get(link).text.count('"area">one account') == 1


def test_product_managers_have_it_in_their_menu(browser_as: Browser) -> None:
    assert 'href="/contradictions"' in browser_as(Role.pm).get("/asks").text
    assert 'href="/contradictions"' not in browser_as(Role.viewer).get("/asks").text


def test_an_ask_shows_what_was_said_before_it_is_answered(desk: TestClient, make: Make) -> None:
    feature, account = make.feature(), make.customer(segment="smb", name="Acme")
    no = say(make, feature, account)
    other = say(make, feature, make.customer(segment="smb", name="Zenith"))
    ask = make.ask(account, feature)

    page = desk.get(f"/asks/{ask.id}").text

    assert "These answers would contradict" in page
    assert f"/asks/{no.ask_id}" in page
    assert f"/asks/{other.ask_id}" in page
    assert page.index("Said before") < page.index('id="answer"')


def test_an_ask_about_which_nothing_was_said(desk: TestClient, make: Make) -> None:
    assert "Said before" not in desk.get(f"/asks/{make.ask().id}").text
