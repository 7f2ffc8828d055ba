"""Whatever is sent, the answer is a problem that says what is wrong, and never our failure."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import Session

from api.app import create_app
from models.user import Role
from services.policy import Policy
from services.settings import Settings
from tests.api.contract import API, api_routes
from tests.databases import database
from tests.factories import Make

SOME_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
MONEY = {"amount": "1.00", "currency": "USD"}
REF = {"source": "hubspot", "id": "7"}
CONTACT = {"name": "Kim Roe", "email": "kim@acme.example"}
ACCOUNT = {
    "name": "Acme",
    "domain": "acme.example",
    "lifecycle": "customer",
    "arr": MONEY,
    "segment": "smb",
    "industry": "Banking",
    "region": "EMEA",
    "tags": ["gdpr"],
    "owner_email": "kim@acme.example",
    "renews_on": "2027-03-31",
    "external_refs": [REF],
}
DEAL = {
    "name": "Renewal",
    "amount": MONEY,
    "stage": "Proposal",
    "probability": "0.5",
    "close_on": "2027-03-31",
    "outcome": "lost",
    "lost_to_feature_id": SOME_ID,
    "external_refs": [REF],
}
FEATURE = {
    "title": "SSO",
    "description": "SAML",
    "status": "planned",
    "decline_reason": "Too dear",
    "target_on": "2027-03-01",
    "owner_email": "pm@acme.example",
    "shareable": True,
    "public_title": "Single sign-on",
    "demand_bar": {"accounts": 3, "arr": MONEY},
    "area": "Security",
}
ASK = {
    "title": "SSO",
    "verbatim": "We need SAML.",
    "why": "Security review",
    "importance": "blocker",
    "product_id": SOME_ID,
    "feature_id": SOME_ID,
    "opportunity_id": SOME_ID,
    "contact": CONTACT,
    "source_url": "https://acme.example/",
}
TOLD = {"contact": CONTACT, "channel": "call", "on": "2026-11-20"}
ANSWER = {
    "message": "Yes: under Settings.",
    "told": TOLD,
    "supersedes_reason": "Better",
    "hedge_override": "They know",
}
YES = {
    "kind": "yes",
    "basis": "committed",
    "contractual": True,
    "contract_reference": "MSA 4.2",
}
USER = {"email": "kim@acme.example", "name": "Kim Roe", "role": "se", "password": "x" * 12}
CONNECTOR = {
    "name": "Home-made",
    "secret": "x" * 16,
    "settings": {"product_id": SOME_ID, "items": "data", "fields": {"title": "data.wish"}},
    "enabled": True,
}
# Of each address that is written to, bodies in which every field is right by itself.
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "products", {"name": "Desk", "maturity": "early", "demand_bar": {"accounts": 3}}),
    ("PATCH", f"products/{SOME_ID}", {"name": "Desk", "demand_bar": {"arr": MONEY}}),
    ("POST", "accounts", ACCOUNT),
    ("PATCH", f"accounts/{SOME_ID}", ACCOUNT),
    ("PUT", f"accounts/by-ref/{SOME_ID}/{SOME_ID}", ACCOUNT),
    ("POST", f"accounts/{SOME_ID}/merge", {"into": SOME_ID}),
    ("POST", "opportunities", DEAL | {"account_id": SOME_ID}),
    ("PATCH", f"opportunities/{SOME_ID}", DEAL),
    ("PUT", f"opportunities/by-ref/{SOME_ID}/{SOME_ID}", DEAL | {"account_id": SOME_ID}),
    ("POST", "features", FEATURE | {"product_id": SOME_ID}),
    ("PATCH", f"features/{SOME_ID}", FEATURE | {"override_reason": "Told them"}),
    ("POST", f"features/{SOME_ID}/merge", {"into": SOME_ID}),
    ("POST", "asks", ASK | {"account": {"id": SOME_ID}, "asked_on": "2026-11-20"}),
    ("POST", "asks", ASK | {"account": {"external_ref": REF}, "external_id": "7"}),
    ("POST", "asks", ASK | {"account": {"domain": "acme.example", "name": "Acme"}}),
    ("PATCH", f"asks/{SOME_ID}", ASK),
    ("POST", "asks/batch", {"items": [ASK]}),
    ("POST", f"asks/{SOME_ID}/withdraw", {"reason": "By mistake"}),
    ("POST", f"asks/{SOME_ID}/responses", YES | ANSWER),
    ("POST", f"asks/{SOME_ID}/responses", ANSWER | {"kind": "no", "basis": "out_of_scope"}),
    ("POST", f"asks/{SOME_ID}/responses", ANSWER | {"kind": "ranked", "order": [SOME_ID]}),
    ("POST", f"responses/{SOME_ID}/told", TOLD),
    ("POST", "messages/check", {"message": "Yes.", "kind": "yes"}),
    ("POST", f"commitments/{SOME_ID}/release", {"reason": "They left"}),
    ("POST", "connectors", CONNECTOR | {"kind": "generic"}),
    ("PATCH", f"connectors/{SOME_ID}", CONNECTOR),
    ("POST", "inbox/replay", {"state": "parked", "connector_id": SOME_ID}),
    ("POST", f"inbox/{SOME_ID}/dismiss", {"reason": "A test"}),
    ("POST", "users", USER),
    ("PATCH", f"users/{SOME_ID}", {"name": "Kim Roe", "role": "se", "active": True}),
    ("POST", "api-keys", {"name": "CRM", "scopes": ["admin"]}),
]
BODILESS = {
    ("POST", f"{API}/features/{SOME_ID}/unmerge"),
    ("POST", f"{API}/inbox/{SOME_ID}/replay"),
    ("DELETE", f"{API}/api-keys/{SOME_ID}"),
}
EVERYWHERE = {
    "NaN": "NaN",
    "infinity": "-Infinity",
    "1e400": "1e400",
    "-1e400": "-1e400",
    "lone surrogate": r'"\ud800 x"',
    "half a pair": r'"\udc00\ud800 x"',
    "nul": r'"\u0000"',
    "2^63": "9223372036854775808",
    "-2^63-1": "-9223372036854775809",
    "10^5000": "1" + "0" * 5000,
    "900 kB": f'"{"x" * 900_000}"',
    "deep list": "[" * 100_000 + "]" * 100_000,
    "deep object": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "cut off": '"x',
    "not a number": "01",
}
IN_LINES = {"bidi": r'"\u202etxt.exe"', "isolate": r'"a\u2066b"', "escape": r'"a\u001b[31m"'}
LINES = {"title", "name", "stage", "area", "industry", "region", "public_title", "email"}
# What no parser lets pass, so that no database sees it.
UNREADABLE = {"NaN", "infinity", "1e400", "-1e400", "deep list", "deep object", "cut off"}
PIECES = [
    pytest.param(piece, marks=[pytest.mark.once] if piece in UNREADABLE else [])
    for piece in EVERYWHERE
]
UNCLEANED = {"message", "password", "secret"}  # read or hashed as they are, and never shown


@pytest.fixture(scope="module")
def hostile(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An administrator who means ill, in one application for all tests of this file."""
    folder = tmp_path_factory.mktemp("hostile")
    with database(folder, template) as url:
        app = create_app(Settings(database_url=url, data_dir=folder, secret_key="s" * 40))
        with TestClient(app, raise_server_exceptions=False) as client:
            with Session(app.state.writer, expire_on_commit=False) as session:
                make = Make(session, Policy())
                key = make.key(make.user(Role.admin))
            client.headers["Authorization"] = f"Bearer {key}"
            client.headers["If-Match"] = "*"
            yield client


def refused(answer: Response) -> bool:
    """Whether an answer is a problem for which the sender is to blame, or a batch of them."""
    if answer.status_code == 200 and answer.request.url.path.endswith("/batch"):
        return all(400 <= each["status"] < 500 for each in answer.json()["results"])
    return (
        400 <= answer.status_code < 500
        and answer.headers["Content-Type"] == "application/problem+json"
        and len(answer.content) < 50_000
    )


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body."""
    if path:
        yield path
    inner = body.items() if isinstance(body, dict) else enumerate(body)
    for key, value in inner if isinstance(body, dict | list) else ():
        yield from places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]


def put_in(body: Any, path: tuple[Any, ...], piece: str) -> bytes:
    """A body as JSON, with something else in one place."""
    changed = json.loads(json.dumps(body))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = "@HERE@"
    return json.dumps(changed).replace('"@HERE@"', piece).encode()


def send(client: TestClient, method: str, path: str, body: bytes, kind: str) -> Response:
    """Send bytes and say that they are something."""
    answer: Response = client.request(
        method, f"{API}/{path}", content=body, headers={"Content-Type": kind}
    )
    return answer


def test_every_address_that_is_written_to_is_here(hostile: TestClient) -> None:
    there = api_routes(hostile.app, some_id=SOME_ID)  # type: ignore[arg-type]  # it is a FastAPI
    written = {route for route in there if route[0] != "GET"}

    assert {(method, f"{API}/{path}") for method, path, _body in BODIES} | BODILESS == written


@pytest.mark.parametrize("piece", PIECES)
def test_in_every_field(hostile: TestClient, piece: str) -> None:
    taken = []

    for method, path, body in BODIES:
        for place in places(body):
            if piece == "nul" and UNCLEANED & {*place}:
                continue
            sent = put_in(body, place, EVERYWHERE[piece])
            answer = send(hostile, method, path, sent, "application/json")
            if not refused(answer):
                taken.append((method, path, place, answer.status_code, answer.text[:200]))

    assert taken == []


@pytest.mark.parametrize("piece", IN_LINES)
def test_in_lines_of_text(hostile: TestClient, piece: str) -> None:
    taken = []

    for method, path, body in BODIES:
        for place in places(body):
            if place[-1] in LINES and "fields" not in place:
                sent = put_in(body, place, IN_LINES[piece])
                answer = send(hostile, method, path, sent, "application/json")
                if not refused(answer):
                    taken.append((method, path, place, answer.status_code, answer.text[:200]))

    assert taken == []


@pytest.mark.parametrize("piece", PIECES)
def test_as_the_whole_body(hostile: TestClient, piece: str) -> None:
    for method, path, _body in BODIES:
        answer = send(hostile, method, path, EVERYWHERE[piece].encode(), "application/json")
        assert refused(answer), (method, path, answer.status_code, answer.text[:500])


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe",
        b'{"name": "\xff"}',
        '{"name": "x"}'.encode("utf-16"),
        b"\x00" * 1000,
        b"\x1f\x8b",
    ],
)
def test_bytes_that_are_no_json(hostile: TestClient, body: bytes) -> None:
    for method, path, _body in BODIES:
        answer = send(hostile, method, path, body, "application/json")
        assert refused(answer), (method, path, answer.status_code, answer.text[:500])


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/xml",
        "application/octet-stream",
        "json",
        "/",
        "",
        "application/" + "x" * 10_000,
    ],
)
def test_json_that_says_it_is_something_else(hostile: TestClient, kind: str) -> None:
    for method, path, body in BODIES:
        answer = send(hostile, method, path, json.dumps(body).encode(), kind)
        assert refused(answer), (method, path, answer.status_code, answer.text[:500])


class TestAddresses:
    @pytest.mark.parametrize(
        "part",
        ["%00", "%ff", "%C3%28", "%ED%A0%80", "..%2f..", "%F0%9F%92%A9", "x" * 10_000, "%0d%0aX:1"],
    )
    def test_that_are_none(self, hostile: TestClient, part: str) -> None:
        for path in (f"products/{part}", f"asks/{part}/guide", f"{part}/{part}"):
            answer = hostile.get(f"{API}/{path}")
            assert refused(answer), (path, answer.status_code)

    @pytest.mark.parametrize("part", ["%00", "%ff", "%C3%28", "%ED%A0%80", "x" * 201, "%20", "%0a"])
    def test_of_references(self, hostile: TestClient, part: str) -> None:
        for path in (f"accounts/by-ref/crm/{part}", f"opportunities/by-ref/{part}/7"):
            answer = hostile.put(f"{API}/{path}", json={"name": "Acme", "account_id": SOME_ID})
            assert refused(answer), (path, answer.status_code)

    @pytest.mark.parametrize("name", ["q", "domain", "industry", "tag", "logged_by", "cursor"])
    @pytest.mark.parametrize("value", ["%00", "%ff", "%ED%A0%80", "x" * 50_000, "%E2%80%AE"])
    def test_of_lists(self, hostile: TestClient, name: str, value: str) -> None:
        for path in ("accounts", "asks", "demand", "features/similar"):
            answer = hostile.get(f"{API}/{path}?{name}={value}")
            assert refused(answer), (path, answer.status_code)

    @pytest.mark.parametrize("query", ["a=1&" * 16_000, "&".join(f"x{n}=1" for n in range(6000))])
    def test_with_thousands_of_parameters(self, hostile: TestClient, query: str) -> None:
        for path in ("products", "asks", "demand", "me"):
            assert refused(hostile.get(f"{API}/{path}?{query}"))

    def test_with_too_many_values_of_one(self, hostile: TestClient) -> None:
        query = "&".join([f"account_id={SOME_ID}"] * 1200)

        assert refused(hostile.get(f"{API}/asks?{query}"))


class TestHeaders:
    @pytest.mark.parametrize("name", ["If-Match", "Idempotency-Key"])
    @pytest.mark.parametrize("value", [b"\xff", b"\xc3\x28", b"\x80" * 9000, b'"' * 9000])
    def test_that_are_none(self, hostile: TestClient, name: str, value: bytes) -> None:
        method, path = ("PATCH", "products/" + SOME_ID) if name == "If-Match" else ("POST", "users")

        answer = hostile.request(method, f"{API}/{path}", json={}, headers={name.encode(): value})

        assert refused(answer)

    @pytest.mark.parametrize("value", [b"\xff", b"Bearer \xff\xfe", b"Bearer " + b"x" * 50_000])
    def test_of_nobody(self, hostile: TestClient, value: bytes) -> None:
        answer = hostile.get(f"{API}/me", headers={b"Authorization": value})

        assert (answer.status_code, refused(answer)) == (401, True)


def test_extreme_days_break_no_report(hostile: TestClient) -> None:
    product = hostile.post(f"{API}/products", json={"name": "Desk"}).json()["id"]
    feature = hostile.post(f"{API}/features", json={"product_id": product, "title": "SSO"}).json()[
        "id"
    ]
    account = {
        "name": "Acme",
        "lifecycle": "customer",
        "arr": {"amount": "1000000000000.00", "currency": "USD"},
    }
    where = hostile.post(f"{API}/accounts", json=account).headers["Location"]
    for day in ("0001-01-01", "9999-12-31"):
        assert hostile.patch(where, json={"renews_on": day}).status_code == 200
        change = {"target_on": day, "status": "planned"}
        assert hostile.patch(f"{API}/features/{feature}", json=change).status_code == 200
    named = {"account": {"id": re.sub(".*/", "", where)}, "title": "SSO", "feature_id": feature}

    old = hostile.post(f"{API}/asks", json=named | {"asked_on": "0001-01-01"})
    future = hostile.post(f"{API}/asks", json=named | {"asked_on": "9999-12-31"})

    assert (old.status_code, future.status_code) == (201, 422)
    for path in ("asks", "demand", f"demand/{feature}", f"demand/{feature}/evidence"):
        assert hostile.get(f"{API}/{path}").status_code == 200
    assert hostile.get(f"{where}/brief").status_code == 200
