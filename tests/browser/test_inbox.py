"""The inbox in a real browser: from what is parked to what is read."""

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from models.user import Role
from services import sign_in
from tests.browser.test_pages import chromium, enter, page, port  # noqa: F401  # fixtures
from tests.factories import Make
from tests.senders import sender

pytestmark = pytest.mark.browser


def test_a_parked_delivery_is_put_right_and_replayed(
    page: Page,  # noqa: F811  # the fixture
    boss: TestClient,
    make: Make,
) -> None:
    make.product()
    outside = sender(boss)
    outside.deliver({"wish": "SSO", "account_domain": "acme.example", "account_name": "Acme"})
    token = sign_in.new_link(make.session, make.user(Role.pm))
    make.session.commit()
    enter(page, f"/sign-in/{token}")

    page.goto("/inbox")
    page.locator("th a").click()
    expect(page.get_by_text("no field of an ask").first).to_be_visible()
    outside.change(settings={"fields": {"title": "wish"}})
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("status")).to_contain_text("read again")
    outside.read()
    page.reload()

    expect(page.get_by_role("link", name="Logged as a new ask")).to_be_visible()
