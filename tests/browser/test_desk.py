"""The desk of a product manager and an account manager, without JavaScript."""

import pytest
from playwright.sync_api import Page, expect

from models.user import Role
from services import sign_in
from tests.browser.test_pages import chromium, enter, page, port  # noqa: F401  # fixtures
from tests.factories import Make

pytestmark = pytest.mark.browser


def entered(page: Page, make: Make, role: Role) -> None:  # noqa: F811  # the fixture's value
    """Sign in as somebody new."""
    token = sign_in.new_link(make.session, make.user(role))
    make.session.commit()
    enter(page, f"/sign-in/{token}")


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_a_feature_is_made_planned_and_merged_and_taken_apart(
    page: Page,  # noqa: F811
    make: Make,
) -> None:
    other = make.feature(title="Night mode", product_id=make.product(name="Atlas").id)
    make.ask(make.customer(name="Acme"), other)
    entered(page, make, Role.pm)

    page.get_by_role("link", name="Roadmap").click()
    page.get_by_role("link", name="New feature").click()
    page.get_by_label("Title").fill("Dark theme")
    page.get_by_role("button", name="Make the feature").click()
    expect(page.get_by_role("heading", name="Dark theme", exact=True)).to_be_visible()

    page.get_by_role("link", name="Plan", exact=True).click()
    page.get_by_label("Target date").fill("2030-03-01")
    page.get_by_role("button", name="Change the status").click()
    expect(page.get_by_text("for 1 Mar 2030")).to_be_visible()

    page.goto(f"/features/{other.id}/merge")
    page.get_by_label("The feature that remains").select_option("Dark theme")
    page.get_by_role("button", name="Look first").click()
    expect(page.get_by_text("1 ask of 1 customer and 0 prospects").last).to_be_visible()
    page.get_by_role("button", name="Merge").click()
    expect(page.locator(".evidence")).to_contain_text("Acme")

    page.get_by_role("button", name="Undo the merge of Night mode").click()
    expect(page.get_by_role("status")).to_contain_text("Taken apart")
    expect(page.get_by_role("heading", name="Night mode", exact=True)).to_be_visible()


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_before_a_call_an_account_manager_reads_the_brief(
    page: Page,  # noqa: F811
    make: Make,
) -> None:
    make.ask(make.customer(name="Acme"), make.feature(), title="A dark theme")
    entered(page, make, Role.account_manager)

    page.get_by_role("link", name="Accounts").click()
    page.get_by_label("Name or domain").fill("acm")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Acme").click()
    page.get_by_role("link", name="Call brief").click()

    expect(page.get_by_role("heading", name="Call brief: Acme")).to_be_visible()
    expect(page.get_by_text("A dark theme")).to_be_visible()
