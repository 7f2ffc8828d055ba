"""What a person is told when something goes wrong: what happened, and what to do."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.auth import Limiter
from api.problems import all_errors
from api.web.failures import CURES
from models.user import Role
from tests.api.web.conftest import Browser
from tests.factories import Make


def test_what_one_may_not_do_says_who_can_help(desk: TestClient) -> None:
    answer = desk.get("/admin/users")

    assert answer.status_code == 403
    assert "an administrator for another role" in answer.text


def test_each_wrong_part_of_an_address_is_named(desk: TestClient) -> None:
    answer = desk.get("/demand?sort=colour&segment=huge")

    assert answer.status_code == 422
    assert "<code>sort</code>" in answer.text
    assert "<code>segment.0</code>" in answer.text
    assert "Go back and put right what is named here." in answer.text


def test_a_state_that_forbids_it_says_what_to_do(browser_as: Browser, make: Make) -> None:
    feature = make.feature()

    answer = browser_as(Role.pm).post(f"/features/{feature.id}/unmerge")

    assert answer.status_code == 409
    assert "What to do:" in answer.text


def test_too_many_requests_says_how_long_to_wait(app: FastAPI, desk: TestClient) -> None:
    app.state.limiter = Limiter(1)
    desk.get("/password")

    answer = desk.get("/password")

    assert answer.status_code == 429
    assert "Try again in" in answer.text
    assert "Retry-After" not in answer.text


def test_a_failure_of_ours_gives_the_id_that_it_speaks_of(app: FastAPI, desk: TestClient) -> None:
    app.state.book = None

    answer = desk.get("/demand")

    assert "the request id below" in answer.text
    assert answer.headers["x-request-id"] in answer.text


@pytest.mark.parametrize("slug", sorted(CURES))
def test_what_is_told_to_people_is_of_a_problem_that_exists(slug: str) -> None:
    assert slug in {error.slug for error in all_errors()}
