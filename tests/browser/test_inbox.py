"""The inbox: from what is parked to what is read, or needed by nobody."""

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from models.user import Role
from tests.browser.conftest import Enter
from tests.browser.hands import Hand
from tests.browser.test_asks import said
from tests.factories import Make
from tests.senders import sender

pytestmark = pytest.mark.browser


def test_a_parked_delivery_is_dismissed_and_then_put_right_and_replayed(
    hand: Hand, boss: TestClient, make: Make, enter: Enter
) -> None:
    page = hand.page
    make.product()
    outside = sender(boss)
    outside.deliver({"wish": "SSO", "account_domain": "acme.example", "account_name": "Acme"})
    enter(hand, Role.admin)
    page.goto("/inbox")

    hand.open(page.locator("tbody th a"))
    expect(page.get_by_text("no field of an ask").first).to_be_visible()
    hand.write(page.get_by_label("Why nobody needs it"), "It was a trial.")
    hand.press(page.get_by_role("button", name="Dismiss"))
    expect(page.get_by_role("heading", name="Why it was dismissed")).to_be_visible()

    outside.change(settings={"fields": {"title": "wish"}})
    hand.press(page.get_by_role("button", name="Replay"))
    said(page, "read again")
    outside.read()
    page.reload()
    hand.press(page.get_by_role("link", name="Logged as a new ask"))
    expect(page.get_by_role("heading", name="SSO", level=1)).to_be_visible()
