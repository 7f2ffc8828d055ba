"""Schemathesis against our own OpenAPI document: right and wrong requests, alone and in a row.

The short run is the same each time. The long one is for before a release:
`NOMAYBE_FUZZ_EXAMPLES=200 NOMAYBE_FUZZ_SEED=7 .venv/bin/pytest tests/api/test_schema.py`
"""

import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.schemas import BaseSchema

from models.user import Role
from services.settings import Settings
from tests.databases import ON_SQLITE
from tests.factories import Make

EXAMPLES = int(os.environ.get("NOMAYBE_FUZZ_EXAMPLES", "4"))
SEED = int(os.environ.get("NOMAYBE_FUZZ_SEED", "1"))
LONG = "NOMAYBE_FUZZ_EXAMPLES" in os.environ
PHASES = ("examples", "coverage", "fuzzing", "stateful")
REFUSED = ["401", "403", "404", "405", "409", "412", "413", "422", "428"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600 if LONG else 240)]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As many requests as it likes."""
    return settings.model_copy(update={"rate_limit": 0})


@pytest.fixture
def key(make: Make) -> str:
    """The key of an administrator, in a database that has something of everything."""
    features = [make.planned(shareable=True, demand_bar={"accounts": 2}) for _each in range(3)]
    make.ask(make.customer(), features[0])
    make.ask()
    make.response(make.ask(make.customer(), features[1]), kind="yes", basis="committed")
    make.opportunity()
    return make.key(make.user(Role.admin))


def configured(key: str, phase: str) -> SchemathesisConfig:
    """What is tried, and what is looked at."""
    return SchemathesisConfig.from_dict(
        {
            # If-Match is given, because without it no body of a PATCH is looked at.
            "headers": {"Authorization": f"Bearer {key}", "If-Match": "*"},
            "seed": SEED,
            "continue-on-failure": True,
            "generation": {
                "max-examples": EXAMPLES,
                "mode": "all",
                "allow-x00": True,
                "database": "none",
                "deterministic": not LONG,
            },
            "phases": {name: {"enabled": name == phase} for name in PHASES},
            "checks": {
                # Much that fits the schema is refused by a rule: an unknown id, for instance.
                "positive_data_acceptance": {"enabled": False},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
        }
    )


def told(event: events.ScenarioFinished) -> list[str]:
    """What is wrong in a scenario, each with the request and the answer."""
    found = []
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.status is not Status.FAILURE or check.failure_info is None:
                continue
            with_it = event.recorder.interactions.get(case_id)
            sent = f"{with_it.request.method} {with_it.request.uri[:300]}" if with_it else ""
            body = (with_it.request.body or b"")[:300] if with_it else b""
            answer: Any = with_it.response if with_it else None
            got = f"{answer.status_code} {answer.content[:300]!r}" if answer else ""
            failure = check.failure_info.failure
            found.append(f"{check.name}: {failure.message[:300]}\n  {sent} {body!r}\n  -> {got}")
    return found


@pytest.mark.parametrize("phase", PHASES)
def test_no_answer_breaks_the_contract(app: FastAPI, key: str, phase: str) -> None:
    if phase == "coverage" and not (ON_SQLITE or LONG):
        pytest.skip("thousands of requests, of which few reach a database")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app=app, config=configured(key, phase))
    tried: BaseSchema = schema
    if phase == "coverage" and not LONG:  # each operation has a hundred boundaries
        paths = schema.raw_schema["paths"]
        names = [f"{method.upper()} {path}" for path in sorted(paths) for method in paths[path]]
        tried = schema.include(name=names[::3])
    faults, statuses = list[str](), Counter[int]()

    for event in from_schema(tried).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            faults += told(event)
            answers = (each.response for each in event.recorder.interactions.values())
            statuses.update(int(each.status_code) for each in answers if each is not None)

    assert faults == [], f"{len(faults)} faults; the first: {faults[0]}"
    assert not [status for status in statuses if status >= 500], statuses
    assert phase == "examples" or statuses[200], statuses
