"""The demand board in a real browser, without JavaScript."""

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from models.user import Role
from services import sign_in
from tests.browser.test_pages import chromium, enter, page, port  # noqa: F401  # fixtures
from tests.factories import Make

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_a_pm_filters_compares_keeps_a_view_and_takes_its_deletion_back(
    page: Page,  # noqa: F811
    make: Make,
) -> None:
    feature = make.feature(title="Audit log")
    make.ask(make.customer(industry="Banking"), feature)
    make.ask(make.customer(industry="Retail"), make.feature(title="Gift cards"))
    token = sign_in.new_link(make.session, make.user(Role.pm))
    make.session.commit()
    enter(page, f"/sign-in/{token}")

    page.locator("summary", has_text="Filter").click()
    page.get_by_label("Banking").check()
    page.get_by_label("Compare with the period before").check()
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row", name="Audit log")).to_contain_text("+1")
    expect(page.get_by_text("Gift cards")).to_have_count(0)

    page.locator("summary", has_text="Save this view").click()
    page.get_by_label("Name of the view").fill("Banks lately")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    tab = page.get_by_role("link", name="Banks lately")
    expect(tab).to_have_attribute("aria-current", "true")

    page.get_by_role("button", name="Delete this view").click()
    expect(tab).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(tab).to_be_visible()

    page.get_by_role("link", name="Industry: Banking").click()
    expect(page.get_by_text("Gift cards")).to_be_visible()


@pytest.mark.parametrize("page", ["127.0.0.1"], indirect=True)
def test_the_style_guide_is_a_page_of_the_demo(
    page: Page,  # noqa: F811
    make: Make,
    app: FastAPI,
) -> None:
    app.state.demo = True
    token = sign_in.new_link(make.session, make.user(Role.pm))
    make.session.commit()
    enter(page, f"/sign-in/{token}")

    page.goto("/styleguide")

    expect(page.get_by_role("heading", name="Style guide")).to_be_visible()
