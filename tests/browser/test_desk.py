"""Features, accounts, promises and search: by mouse, without scripts and by keys alone."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from models.user import Role
from tests.browser.conftest import Enter
from tests.browser.hands import Hand
from tests.browser.test_asks import headed, said
from tests.factories import Make

pytestmark = pytest.mark.browser


def test_a_feature_is_made_and_planned_with_a_look_at_whom_it_concerns(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.product(name="Atlas")
    enter(hand, Role.pm)
    page.goto("/roadmap")

    hand.press(page.get_by_role("link", name="New feature").first)
    headed(page, "New feature")
    hand.write(page.get_by_label("Title"), "Dark theme")
    hand.press(page.get_by_role("button", name="Make the feature"))
    headed(page, "Dark theme")
    hand.press(page.get_by_role("link", name="Roadmap").first)
    headed(page, "Roadmap")
    hand.press(page.get_by_role("link", name="Plan Dark theme"))
    headed(page, "What becomes of it?")
    expect(page.get_by_text("0 of 0 asks wait for an answer")).to_be_visible()
    hand.date(page.get_by_label("Target date"), date(2030, 3, 1))
    hand.press(page.get_by_role("button", name="Change the status"))

    headed(page, "Dark theme")
    expect(page.get_by_text("for 1 Mar 2030")).to_be_visible()


def test_a_feature_is_merged_after_a_look_and_taken_back(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    night, _dark = make.feature(title="Night mode"), make.feature(title="Dark theme")
    make.ask(make.customer(name="Acme"), night)
    enter(hand, Role.pm)
    page.goto(f"/features/{night.id}")

    hand.press(page.get_by_role("link", name="Merge"))
    headed(page, "Merge it into another feature")
    hand.choose(page.get_by_label("The feature that remains"), "Dark theme")
    hand.press(page.get_by_role("button", name="Look first"))
    expect(page.get_by_text("1 ask of 1 customer and 0 prospects").last).to_be_visible()
    hand.press(page.get_by_role("button", name="Merge"))
    headed(page, "Dark theme")
    expect(page.locator(".evidence")).to_contain_text("Acme")
    hand.press(page.get_by_role("button", name="Undo the merge of Night mode"))

    headed(page, "Night mode")
    said(page, "Taken apart")


def test_an_account_is_found_put_right_and_read_up_on_before_a_call(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.ask(make.customer(name="Acme"), make.feature(), title="A dark theme")
    enter(hand, Role.account_manager)
    page.goto("/accounts")

    hand.write(page.get_by_label("Name or domain"), "acm")
    hand.press(page.get_by_role("button", name="Show"))
    hand.open(page.get_by_role("link", name="Acme"))
    headed(page, "Acme")
    hand.press(page.get_by_role("link", name="Edit"))
    headed(page, "Change Acme")
    hand.write(page.get_by_label("Industry"), "Banking")
    hand.choose(page.get_by_label("Segment"), "Enterprise")
    hand.press(page.get_by_role("button", name="Keep it"))
    headed(page, "Acme")
    expect(page.locator(".lead")).to_contain_text("Banking")

    hand.press(page.get_by_role("link", name="Call brief"))
    headed(page, "Call brief: Acme")
    expect(page.get_by_text("A dark theme")).to_be_visible()
    hand.press(page.get_by_role("link", name="Markdown"))
    expect(page.get_by_text("# Call brief: Acme")).to_be_visible()


def test_a_promise_is_released_with_the_reason(hand: Hand, make: Make, enter: Enter) -> None:
    page = hand.page
    ask = make.ask(make.customer(name="Acme"), make.planned(date(2030, 3, 1)))
    make.response(ask, kind="yes", basis="committed")
    enter(hand, Role.pm)
    page.goto("/promises")

    hand.press(page.get_by_role("link", name="Release what Acme was promised"))
    headed(page, "Release the promise to Acme")
    hand.write(page.get_by_label("Why does it bind no longer?"), "Acme took another way.")
    hand.press(page.get_by_role("button", name="Release it"))

    headed(page, "Promises")
    said(page, "Released")


def test_everything_is_searched_from_anywhere(hand: Hand, make: Make, enter: Enter) -> None:
    page = hand.page
    make.ask(make.customer(name="Acme"), make.feature(title="Dark theme"), title="Dark, please")
    enter(hand, Role.se)
    page.goto("/demand")

    words = page.get_by_label("Search everything")
    hand.write(words, "dark", key="/")
    hand.send(words)
    headed(page, "Search")
    expect(page.get_by_role("link", name="Dark theme")).to_be_visible()
    hand.open(page.get_by_role("link", name="Dark, please"))

    expect(page).to_have_url(re.compile("/asks/"))
