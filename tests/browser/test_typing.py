"""The desk of an SE where scripts run: by keys alone, and with a draft that outlives a session."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS
from tests.browser.test_pages import enter, link  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser

SMILE = "No. \N{SMILING FACE WITH SUNGLASSES}"  # one code point, and two units of JavaScript


@pytest.fixture
def page(chromium: Browser, port: int) -> Iterator[Page]:  # the fixtures' values
    """A page with JavaScript; anything the browser complains of fails the test."""
    complaints: list[str] = []
    context = chromium.new_context(base_url=f"http://127.0.0.1:{port}")
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def listens(page: Page) -> None:
    """Wait until the page hears keys: it is shown a moment earlier."""
    expect(page.locator("[data-keys]")).not_to_have_attribute("hidden", "")


def test_an_ask_is_logged_and_answered_by_keys_alone(
    page: Page,
    link: str,  # noqa: F811  # the fixture's value
) -> None:
    enter(page, link)
    keys = page.keyboard

    listens(page)
    keys.press("n")
    expect(page.get_by_role("heading", name="Log an ask")).to_be_visible()
    listens(page)
    page.get_by_label("Account").focus()
    keys.type("Acme")
    keys.press("Tab")
    keys.type("acme.example")
    expect(page.locator("#known")).to_contain_text("is made as a prospect")
    keys.press("Tab")
    keys.type("A dark theme, n and j are no keys here")
    expect(page.locator("[data-pick]")).to_have_count(1)
    keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("[data-pick]")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Log and answer").focus()
    keys.press("Enter")

    expect(page.get_by_role("status").first).to_contain_text("Logged.")
    expect(page.get_by_role("link", name="Dark theme", exact=True)).to_be_visible()
    expect(page.locator("#answer [name=kind]:checked")).to_be_focused()
    page.get_by_label("No", exact=True).focus()
    keys.press("Space")
    page.locator("#message_no").fill(f"{SMILE} It is on our radar.")
    page.get_by_role("button", name="Use the straight wording for on our radar").click()
    keys.type("it is outside what we do")
    expect(page.locator("#reading-no mark")).to_have_count(0)
    straight = page.locator("#message_no").input_value()
    assert straight.startswith(f"{SMILE} It is ")
    assert "radar" not in straight
    assert straight.endswith(": it is outside what we do.")

    page.goto("/asks?show=all")
    keys.press("j")
    expect(page.locator("tbody th a")).to_be_focused()
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    keys.press("n")
    keys.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    keys.press("Enter")
    expect(page.get_by_role("heading", name="A dark theme")).to_be_visible()


def test_a_draft_outlives_a_reload_and_a_session_and_goes_with_the_ask(
    page: Page,
    link: str,  # noqa: F811  # the fixture's value
) -> None:
    enter(page, link)
    page.goto("/asks/new")
    page.get_by_label("Account").fill("Acme")
    page.get_by_label("Domain").fill("acme.example")
    page.get_by_label("What do they ask for?").fill("A dark theme")
    page.get_by_label("Blocker").check()

    page.reload()
    expect(page.get_by_text("This is what you had typed before.")).to_be_visible()
    expect(page.get_by_label("Blocker")).to_be_checked()

    cookies = page.context.cookies()
    page.context.clear_cookies()
    page.get_by_role("button", name="Log the ask").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.context.add_cookies(
        [{"name": each["name"], "value": each["value"], "url": page.url} for each in cookies]
    )
    page.goto("/asks/new")
    expect(page.get_by_label("What do they ask for?")).to_have_value("A dark theme")
    page.get_by_role("button", name="Log the ask").click()
    expect(page.get_by_role("status").first).to_contain_text("Logged.")
    page.goto("/asks/new")
    expect(page.get_by_label("What do they ask for?")).to_have_value("")
