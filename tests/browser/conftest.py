"""What drives the journeys, and what is said of them at the end: the keys that each took."""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, expect, sync_playwright

from api.auth import COOKIE
from api.serving import listen
from models.user import Role, User
from services import sign_in
from tests.browser.hands import Hand, Keys
from tests.databases import ON_SQLITE
from tests.factories import Make

Enter = Callable[[Hand, User | Role], None]
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A host that is no "trustworthy origin": there browsers send no Sec-Fetch-Site.
    "--host-resolver-rules=MAP nomaybe.test 127.0.0.1",
]
SECONDS = 20
expect.set_options(timeout=SECONDS * 1000)  # a busy machine is slow, and not wrong
# Each journey is walked in each way once, and by one of them on either database.
HANDS = ("mouse without scripts", "keys") if ON_SQLITE else ("mouse",)
# A refused form is shown with its status, of which a browser tells the console.
EXPECTED = re.compile(r"Failed to load resource: .*status of 422 ")
# Whatever moves by itself; what follows a key or a click within half a second is wanted, and the
# parts within a field for a day, or a first painting on a busy machine, settle by a hair's breadth.
WATCH = """new PerformanceObserver(list => {
  for (const shift of list.getEntries()) {
    const parts = shift.sources.map(each => {
      const from = each.previousRect, to = each.currentRect, node = each.node;
      const name = node?.id || node?.className || node?.nodeName;
      return `${name}: ${from.x},${from.y} ${from.width}x${from.height}`
        + ` to ${to.x},${to.y} ${to.width}x${to.height}`;
    });
    if (!shift.hadRecentInput && shift.value >= 0.005) {
      shifted(`${location.pathname} shifts by ${shift.value}: ${parts.join("; ")}`);
    }
  }
}).observe({type: "layout-shift", buffered: true})"""


@pytest.fixture(scope="package")  # its event loop must not outlive these tests
def chromium() -> Iterator[Browser]:
    """A Chromium of this machine."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        said = f"no browser: none of {', '.join(NAMES)} is on the path"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def port(app: FastAPI) -> Iterator[int]:
    """The port of a server that runs in a thread, with a database of its own."""
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(SECONDS)


@pytest.fixture(params=HANDS)
def hand(
    chromium: Browser,
    port: int,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, Any], None],
) -> Iterator[Hand]:
    """A hand at a page; complaints of the browser fail the test, and so does whatever jumps."""
    complaints: list[str] = []
    scripts = request.param != "mouse without scripts"
    context = chromium.new_context(
        base_url=f"http://127.0.0.1:{port}", java_script_enabled=scripts, locale="en-US"
    )
    context.set_default_timeout(SECONDS * 1000)
    if scripts:
        context.expose_binding("shifted", lambda _source, said: complaints.append(said))
        context.add_init_script(WATCH)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"{message.text} {message.location}"))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    made = Keys(page) if request.param == "keys" else Hand(page, scripts=scripts)
    yield made
    context.close()
    if isinstance(made, Keys):
        record_property("keys", (made.strokes, made.letters))
    said = [each for each in complaints if not EXPECTED.match(each)]
    assert not said, "\n".join(said)


@pytest.fixture
def enter(make: Make, port: int) -> Enter:
    """`enter(hand, Role.pm)` signs somebody new in, and `enter(hand, user)` a person on file."""

    def signed_in(hand: Hand, who: User | Role) -> None:
        user = who if isinstance(who, User) else make.user(who)
        token, _until = sign_in.open_session(make.session, user)
        make.session.commit()
        hand.page.context.add_cookies(
            [{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}]
        )

    return signed_in


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many keys each journey took."""
    ended = [each for each in terminalreporter.getreports("") if each.when == "teardown"]
    counted = {
        each.nodeid.rpartition("::")[2].removesuffix("[keys]"): dict(each.user_properties)["keys"]
        for each in ended
        if "keys" in dict(each.user_properties)
    }
    if counted:
        terminalreporter.section("keys pressed, and letters written")
        for name, (strokes, letters) in sorted(counted.items()):
            terminalreporter.line(f"{strokes:5} {letters:5}  {name}")
