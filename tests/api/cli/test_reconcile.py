"""`nomaybe reconcile`: what webhooks missed is logged once, whatever happens on the way."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from models.base import utc_now
from models.connector import RecordKind
from services.crm.outgoing import LARGEST
from services.settings import Settings
from tests.api.cli.conftest import Run
from tests.api.cli.reconciling import EARLIER, LATER, SINCE, Side, side_of
from tests.vendors.server import TOKEN, Cut, Fault, served

pytestmark = pytest.mark.usefixtures("quiet")
KINDS = ["hubspot", "pipedrive"]
REDIRECT = Fault(302, headers={"Location": "/elsewhere"})
GZIP = Fault(200, headers={"Content-Encoding": "gzip"})
HUGE = Fault(200, "x" * LARGEST)


@pytest.fixture(params=KINDS)
def side(
    request: pytest.FixtureRequest, boss: TestClient, database_url: str, settings: Settings
) -> Iterator[Side]:
    """Each CRM in turn, served."""
    found = side_of(request.param, boss, database_url, settings)
    with served(found.vendor):
        yield found


class TestMissed:
    def test_what_no_webhook_told_is_logged(self, side: Side) -> None:
        side.put(1, "Single sign-on")

        assert side.run() == 0

        (ask,) = side.crm.asks()
        assert (ask["title"], ask["source"]) == ("Single sign-on", side.kind)
        (delivery,) = side.crm.sender.inbox()
        assert (delivery["state"], delivery["reconciled"]) == ("processed", True)

    def test_what_a_webhook_told_is_no_second_ask(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.webhook(1, "Single sign-on", EARLIER)
        side.put(1, "Single sign-on")

        side.run()

        assert side.titles() == ["Single sign-on"]
        assert "1 seen, 1 already known, 0 logged, 0 updated" in capsys.readouterr().out

    def test_what_changed_and_no_webhook_told_is_brought_up_to_date(self, side: Side) -> None:
        side.webhook(1, "Single sign-on", EARLIER)
        side.put(1, "Single sign-on with SAML", LATER)

        side.run()

        assert side.titles() == ["Single sign-on with SAML"]

    def test_a_webhook_that_comes_late_does_not_undo_it(self, side: Side) -> None:
        side.put(1, "Single sign-on with SAML", LATER)
        side.run()

        side.webhook(1, "Single sign-on", EARLIER)

        assert side.titles() == ["Single sign-on with SAML"]

    def test_a_search_that_lags_behind_does_not_undo_a_webhook(self, side: Side) -> None:
        side.webhook(1, "Single sign-on with SAML", LATER)
        side.put(1, "Single sign-on", EARLIER)

        side.run()

        assert side.titles() == ["Single sign-on with SAML"]

    def test_what_cannot_be_logged_is_parked_and_can_be_replayed(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        settings = side.crm.sender.connector["settings"]
        side.crm.sender.change(settings=settings | {"make_accounts": False})
        side.put(1, "Single sign-on")

        assert side.run() == 0
        assert "0 logged, 0 updated, 0 noted, 1 parked" in capsys.readouterr().out
        side.crm.sender.change(settings=settings)
        side.crm.sender.boss.post("/api/v1/inbox/replay", json={"state": "parked"})
        side.crm.sender.read()

        assert side.titles() == ["Single sign-on"]


class TestPlace:
    def test_a_second_run_keeps_nothing_twice(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(1, 4):
            side.put(number, f"Ask {number}")

        side.run()
        side.run()

        assert len(side.crm.sender.inbox()) == 3
        assert "3 seen, 3 already known" in capsys.readouterr().out

    def test_pages_are_followed_to_the_end(self, side: Side) -> None:
        side.vendor.page = 2
        for number in range(1, 6):
            side.put(number, f"Ask {number}")

        side.run()

        assert side.titles() == [f"Ask {number}" for number in range(1, 6)]

    def test_a_record_that_changes_meanwhile_makes_no_other_one_slip(self, side: Side) -> None:
        side.vendor.page = 2
        for number in range(1, 7):
            side.put(number, f"Ask {number}")
        # It moves behind all others in the order of changes, once the first page was told.
        changed = [None] * reads_until_the_second_page(side)
        changed[-1] = lambda: side.put(1, "Ask 1 anew", utc_now())  # type: ignore[call-overload]
        side.vendor.meanwhile = changed

        side.run()
        assert side.titles() == [f"Ask {number}" for number in range(1, 7)]
        side.run(since=None)

        assert side.titles() == ["Ask 1 anew", *(f"Ask {number}" for number in range(2, 7))]

    def test_a_run_that_was_cut_off_goes_on_where_it_was(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.vendor.page = 2
        for number in range(1, 6):
            side.put(number, f"Ask {number}")
        first_page = reads_until_the_second_page(side)
        side.vendor.faults = [*[None] * first_page, *[Cut()] * 5]

        assert side.run() == 1
        assert "does not answer" not in capsys.readouterr().out
        stands = side.stands()
        assert (stands.kind, stands.since, stands.finished_at) == (RecordKind.deal, SINCE, None)
        assert len(side.titles()) == 2
        side.vendor.asked.clear()
        assert side.run(since=None) == 0

        assert len(side.titles()) == 5
        assert not any("compan" in path or "organ" in path for path in searches(side))
        assert side.stands().since > SINCE

    def test_a_day_that_would_leave_a_gap_is_refused(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert side.run(since=utc_now() + timedelta(days=2)) == 1
        side.run()
        side.run(since=EARLIER)
        side.vendor.faults = [Fault(401)]
        side.run(since=SINCE)

        assert side.run(since=EARLIER) == 1

        said = capsys.readouterr().err
        assert "is yet to come" in said
        assert "Reconciling stands at 2026-09-01" in said


def searches(side: Side) -> list[str]:
    """Where records were asked for."""
    return [
        path
        for path in side.vendor.paths()
        if path.endswith(("/search", "/deals", "/persons", "/organizations"))
    ]


def reads_until_the_second_page(side: Side) -> int:
    """How many calls come before the second page of deals."""
    before = {"hubspot": 1 + 2 + 1 + 2, "pipedrive": 1 + 2 + 1 + 1}
    return before[side.kind]


@pytest.mark.parametrize("side", ["pipedrive"], indirect=True)  # both are asked by one client
class TestFailures:
    def test_a_limit_is_waited_for_as_told(self, side: Side) -> None:
        side.put(1, "Single sign-on")
        side.vendor.faults = [Fault(429, {"policyName": "SECONDLY"}, {"Retry-After": "7"})]

        assert side.run() == 0

        assert side.real_waits() == [7]
        assert side.titles() == ["Single sign-on"]

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(429, {"policyName": "DAILY"}),
            Fault(429, headers={"x-daily-ratelimit-token-remaining": "0"}),
            Fault(429, headers={"Retry-After": "86400"}),
        ],
        ids=["daily", "budget", "a day"],
    )
    def test_a_limit_for_the_day_is_not_waited_for(
        self, side: Side, fault: Fault, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.vendor.faults = [fault]

        assert side.run() == 1

        assert side.real_waits() == []
        assert "goes on where it stopped" in capsys.readouterr().err

    def test_failures_are_tried_again_a_few_times(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.put(1, "Single sign-on")
        side.vendor.faults = [Fault(500), Cut(), Fault(503)]
        assert side.run() == 0
        assert (side.real_waits(), side.titles()) == ([1, 2, 4], ["Single sign-on"])

        side.vendor.faults = [Fault(500)] * 5
        assert side.run() == 1
        assert "failed 5 times; the last time: 500" in capsys.readouterr().err

    def test_a_server_that_is_not_there(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.vendor.url = "http://127.0.0.1:9"

        assert side.run() == 1

        assert "ConnectError" in capsys.readouterr().err
        assert side.stands().since == SINCE

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_token_that_is_refused_says_what_to_do_and_is_not_shown(
        self, side: Side, status: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        said = f"the app {TOKEN} lacks crm.objects.deals.read"
        side.vendor.faults = [None, Fault(status, {"message": said, "error": said})]

        assert side.run() == 1

        told = capsys.readouterr()
        assert "Make a new token there" in told.err
        assert TOKEN not in told.err + told.out

    @pytest.mark.parametrize(
        "fault",
        [
            Fault(302, headers={"Location": "/elsewhere"}),
            Fault(200, ["a list"]),
            Fault(418),
            GZIP,
            HUGE,
        ],
        ids=["redirect", "list", "teapot", "compressed", "huge"],
    )
    def test_what_is_not_documented_ends_the_run(
        self, side: Side, fault: Fault, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.vendor.faults = [None, fault]

        assert side.run() == 1

        assert len(side.vendor.asked) == 2
        assert "Nothing was skipped" in capsys.readouterr().err

    def test_a_forgotten_place_begins_the_kind_anew(self, side: Side) -> None:
        side.vendor.page = 2
        for number in range(1, 4):
            side.put(number, f"Ask {number}")
        refused = Fault(400, {"error": "Invalid cursor"})
        side.vendor.faults = [*[None] * reads_until_the_second_page(side), refused]

        assert side.run() == 0

        assert len(side.titles()) == 3
        assert len(side.crm.sender.inbox()) in {3, 5}  # those of the first page may be there twice

    def test_a_token_of_another_organization_is_refused(
        self, side: Side, capsys: pytest.CaptureFixture[str]
    ) -> None:
        side.put(1, "Single sign-on")
        side.vendor.portal = side.vendor.company = 7

        assert side.run() == 1

        assert "The token reads organization 7" in capsys.readouterr().err
        assert side.titles() == []


def test_a_dry_run_tells_and_keeps_nothing(side: Side, capsys: pytest.CaptureFixture[str]) -> None:
    side.put(1, "Single sign-on")
    side.put(2, "Audit log")

    assert side.run(dry_run=True) == 0

    assert "2 seen, 0 already known, 2 logged" in capsys.readouterr().out
    assert side.crm.sender.inbox() == []
    assert side.titles() == []


@pytest.mark.parametrize("side", ["pipedrive"], indirect=True)
class TestCommand:
    @pytest.fixture
    def command(self, side: Side, on_file: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
        for name in ("HUBSPOT", "PIPEDRIVE"):
            monkeypatch.setenv(f"NOMAYBE_{name}_URL", side.vendor.url)
        monkeypatch.setenv("NOMAYBE_SECRET_KEY", side.keys)
        return on_file

    def test_it_asks_for_each_connector(self, side: Side, command: Run) -> None:
        side.put(1, "Single sign-on")

        result = command("reconcile", "--since", "2026-09-01")

        assert result.output.startswith("Home-made: 1 seen, 0 already known, 1 logged, ")
        assert result.exit_code == 0

    def test_it_says_what_is_missing(self, side: Side, command: Run) -> None:
        side.crm.sender.change(token=None)

        result = command("reconcile")

        assert "Give an enabled connector of HubSpot or Pipedrive a token" in result.output
        assert result.exit_code == 1
