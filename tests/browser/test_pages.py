"""The whole way through the pages, in a real browser against a real server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from models.user import Role
from services import sign_in
from tests.browser.conftest import SECONDS
from tests.databases import ON_SQLITE
from tests.factories import Make

pytestmark = pytest.mark.browser


# With the headers that tell a page from a foreign one, and without: each on one of the databases.
@pytest.fixture(params=["nomaybe.test" if ON_SQLITE else "127.0.0.1"])
def page(chromium: Browser, port: int, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page without JavaScript; anything the browser complains of fails the test."""
    complaints: list[str] = []
    context = chromium.new_context(
        base_url=f"http://{request.param}:{port}", java_script_enabled=False
    )
    context.set_default_timeout(SECONDS * 1000)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def link(make: Make) -> str:
    """A sign-in link of an SE, with a product and a feature to ask for."""
    make.feature(title="Dark theme", product_id=make.product(name="Atlas").id)
    token = sign_in.new_link(make.session, make.user(Role.se, name="Sam Okoro"))
    make.session.commit()
    return f"/sign-in/{token}"


def enter(page: Page, link: str) -> None:
    """Sign in by the link, and wait until one is in."""
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="My asks")).to_be_visible()


def test_from_the_link_to_the_answer_on_the_demand_table(page: Page, link: str) -> None:
    enter(page, link)
    expect(page.get_by_text("No debts of yours")).to_be_visible()
    page.get_by_role("link", name="Demand").click()
    expect(page.get_by_text("Nobody has asked for anything yet")).to_be_visible()

    page.get_by_role("link", name="Log an ask").first.click()
    page.get_by_label("Account").fill("Acme")
    page.get_by_label("Domain").fill("acme.example")
    page.get_by_label("What do they ask for?").fill("A dark theme, please")
    page.get_by_label("Feature").select_option("Dark theme")
    page.get_by_label("Blocker").check()
    page.get_by_label("The customer's own words").fill("White burns our eyes at night.")
    page.get_by_role("button", name="Log the ask").click()
    expect(page.get_by_role("status")).to_contain_text("Logged.")
    expect(page.get_by_text("White burns our eyes at night.")).to_be_visible()

    page.get_by_label("No", exact=True).check()
    page.get_by_label("Because", exact=True).select_option("out_of_scope")
    page.locator("#message_no").fill("No: a dark theme is outside what Atlas does.")
    page.get_by_role("button", name="Give this answer").click()
    expect(page.get_by_role("status")).to_contain_text("Answered.")
    expect(page.locator(".history")).to_contain_text("Out of scope")

    page.get_by_role("link", name="Demand").click()
    row = page.get_by_role("row", name=re.compile("Dark theme"))
    expect(row).to_contain_text("Candidate")
    expect(page.locator(".figure", has_text="Prospects asking")).to_contain_text("1")
    expect(page.locator(".figure", has_text="Waiting for an answer")).to_contain_text("0")

    page.locator(".avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto("/demand")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("kind", ["Yes", "No", "Ranked"])
def test_only_the_fields_of_the_answer_chosen_are_shown(
    page: Page, link: str, make: Make, kind: str
) -> None:
    ask = make.ask()
    enter(page, link)
    page.goto(f"/asks/{ask.id}")

    page.get_by_label(kind, exact=True).check()

    shown = [
        each for each in ("yes", "no", "ranked") if page.locator(f".for-{each}").first.is_visible()
    ]
    assert shown == [kind.lower()]
