"""The demand board: by mouse, without scripts and by keys alone."""

import re

import pytest
from playwright.sync_api import expect

from models.user import Role
from tests.browser.conftest import Enter
from tests.browser.hands import Hand
from tests.factories import Make

pytestmark = pytest.mark.browser


def test_a_pm_filters_sorts_keeps_a_view_compares_and_exports(
    hand: Hand, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.ask(make.customer("10.00", industry="Banking"), make.feature(title="Audit log"))
    other = make.feature(title="Passkeys")
    make.ask(make.customer("5.00", industry="Banking"), other, importance="blocker")
    make.ask(make.customer(industry="Retail"), make.feature(title="Gift cards"))
    enter(hand, Role.pm)
    page.goto("/demand")

    hand.press(page.locator("summary", has_text="Filter"))
    hand.check(page.get_by_label("Banking"))
    hand.press(page.get_by_role("button", name="Show"))
    expect(page.get_by_text("Gift cards")).to_have_count(0)
    titles = page.locator("tbody th a")
    expect(titles).to_have_text(["Audit log", "Passkeys"])
    hand.press(page.get_by_role("link", name="Blockers"))
    expect(titles).to_have_text(["Passkeys", "Audit log"])

    hand.press(page.locator("summary", has_text="Save this view"))
    hand.write(page.get_by_label("Name of the view"), "Banks")
    hand.press(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    tab = page.get_by_role("link", name="Banks")
    expect(tab).to_have_attribute("aria-current", "true")

    hand.press(page.locator("summary", has_text="Filter"))
    hand.check(page.get_by_label("Compare with the period before"))
    hand.press(page.get_by_role("button", name="Show"))
    expect(page.get_by_role("row", name="Audit log")).to_contain_text("+1")
    hand.press(page.get_by_role("link", name="Industry: Banking"))
    expect(page.get_by_text("Gift cards")).to_be_visible()
    with page.expect_download() as loading:
        hand.press(page.get_by_role("link", name="Export CSV"))
    assert loading.value.suggested_filename.endswith(".csv")

    hand.press(tab)
    hand.press(page.get_by_role("button", name="Delete this view"))
    expect(tab).to_have_count(0)
    hand.press(page.get_by_role("button", name="Undo"))
    expect(tab).to_have_attribute("aria-current", "true")
    hand.open(titles.first)
    expect(page).to_have_url(re.compile(f"/features/{other.id}"))
