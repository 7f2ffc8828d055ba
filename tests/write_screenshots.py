"""`make screenshots` takes the pictures of the README from the demo, in a real Chromium."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.conftest import FLAGS, NAMES
from tests.processes import NOMAYBE, environment, running

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
WHO = "priya@demo.nomaybe.example"
SIZE: ViewportSize = {"width": 1280, "height": 800}


def main() -> None:
    """Serve a demo of its own, and look at it."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        raise SystemExit(f"No browser: none of {', '.join(NAMES)} is on the path.")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = {"NOMAYBE_DATABASE_URL": f"sqlite:///{folder}/demo.db"}
        with running(folder, "demo", **settings) as address, sync_playwright() as playwright:
            made = subprocess.run(  # noqa: S603  # our own command
                [*NOMAYBE, "user", "link", WHO],
                cwd=folder,
                env=environment(**settings),
                capture_output=True,
                text=True,
                check=True,
            )
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(base_url=address, viewport=SIZE, color_scheme="light")
            page.goto("/sign-in/" + made.stdout.split("/sign-in/")[1].split()[0])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            look(page)
            browser.close()


def look(page: Page) -> None:
    """Take each picture."""
    page.goto("/demand")
    take(page, "demand")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    take(page, "feature")
    page.goto("/asks?show=waiting")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    take(page, "ask")
    page.goto("/accounts")
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    page.goto(page.url + "/brief")
    take(page, "brief")
    page.emulate_media(color_scheme="dark")
    page.goto("/roadmap")
    take(page, "roadmap-dark")


def take(page: Page, name: str) -> None:
    """One picture of what a screen shows."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")
    sys.stdout.write(f"docs/pictures/{name}.png\n")


if __name__ == "__main__":
    main()
