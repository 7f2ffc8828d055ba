"""The first run in a real browser: from an empty service to the first ask, and administration."""

import pytest
from playwright.sync_api import Page, expect

from models.user import Role
from services import sign_in
from tests.browser.test_pages import chromium, page, port  # noqa: F401  # fixtures
from tests.factories import Make

pytestmark = pytest.mark.browser


def admitted(page: Page, make: Make) -> None:  # noqa: F811  # the fixture's value
    """Sign in as the only administrator."""
    token = sign_in.new_link(make.session, make.user(Role.admin, name="Ada"))
    make.session.commit()
    page.goto(f"/sign-in/{token}")
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_an_administrator_is_led_to_the_first_ask(page: Page, make: Make) -> None:  # noqa: F811
    admitted(page, make)
    expect(page.get_by_role("heading", name="Welcome, Ada")).to_be_visible()

    page.get_by_label("Name").fill("Atlas")
    page.get_by_label("Bar: live customers").fill("10")
    page.get_by_role("button", name="Make the product").click()
    expect(page.get_by_role("heading", name="1. Make a product")).to_contain_text("Done")

    page.get_by_role("link", name="Invite people").click()
    page.get_by_label("Name").fill("Sam Okoro")
    page.get_by_label("E-mail").fill("sam@nomaybe.example")
    page.get_by_role("button", name="Invite").click()
    expect(page.get_by_role("status")).to_contain_text("/sign-in/")

    page.get_by_role("link", name="Nomaybe").click()
    page.get_by_role("link", name="Log the first ask").click()
    page.get_by_label("Account").fill("Acme")
    page.get_by_label("Domain").fill("acme.example")
    page.get_by_label("What do they ask for?").fill("A dark theme")
    page.get_by_role("button", name="Log the ask").click()
    expect(page.get_by_role("status")).to_contain_text("Logged.")

    page.goto("/welcome")
    expect(page.get_by_role("heading", name="All is set up")).to_be_visible()
    page.get_by_role("link", name="Nomaybe").click()
    expect(page.get_by_role("heading", name="Demand")).to_be_visible()


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_a_key_is_made_and_revoked_and_a_sender_connected(
    page: Page,  # noqa: F811
    make: Make,
) -> None:
    make.ask()
    admitted(page, make)

    page.goto("/admin/keys")
    page.get_by_label("What is it for?").fill("Weekly export")
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("status")).to_contain_text("nmk_")
    page.get_by_role("link", name="Revoke Weekly export").click()
    page.get_by_role("button", name="Revoke it").click()
    expect(page.get_by_role("row", name="Weekly export")).to_contain_text("Revoked")

    page.get_by_role("link", name="Connectors").click()
    page.get_by_label("Name").fill("Our CRM")
    page.get_by_role("button", name="Connect it").click()
    expect(page.get_by_role("status")).to_contain_text("Copy the secret")
    expect(page.locator("main")).to_contain_text("/hooks/generic/")

    page.get_by_role("button", name="Turn off Our CRM").click()
    expect(page.get_by_role("heading", name="Our CRM")).to_contain_text("Off")
