"""The OpenAPI document: what it promises is what clients are made from."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, ClassVar, Union, get_args, get_origin

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Request, Response
from pydantic import BaseModel

from api.problems import MEDIA_TYPE, Problem
from tests.api.contract import API, Contract

Operation = tuple[str, str, dict[str, Any]]
ANYWHERE = {"401", "403", "413", "422", "429", "503"}


@pytest.fixture
def operations(app: FastAPI) -> list[Operation]:
    """Every operation: its method, its address, and what is said of it."""
    return [
        (method, path, said)
        for path, item in app.openapi()["paths"].items()
        for method, said in item.items()
    ]


def test_operation_ids_are_unique(operations: list[Operation]) -> None:
    ids = [said["operationId"] for _method, _path, said in operations]

    assert sorted(ids) == sorted(set(ids))


def test_every_operation_says_what_it_does(operations: list[Operation]) -> None:
    assert [path for _method, path, said in operations if not said.get("description")] == []
    assert [path for _method, path, said in operations if not said.get("tags")] == []


def test_every_operation_of_the_api_documents_its_problems(
    operations: list[Operation],
) -> None:
    for method, path, said in operations:
        if not path.startswith(API):
            continue
        wanted = ANYWHERE | ({"412", "428"} if method == "patch" else set())
        wanted |= {"404"} if "{" in path and "by-ref" not in path else set()
        wanted |= {"409"} if method != "get" else set()
        assert wanted <= said["responses"].keys(), (method, path)
        for status, answer in said["responses"].items():
            if status >= "400":
                assert [*answer["content"]] == [MEDIA_TYPE], (method, path, status)


def test_a_key_is_needed_for_the_api_alone(operations: list[Operation]) -> None:
    for _method, path, said in operations:
        assert ("security" in said) is path.startswith(API), path


def test_pages_are_not_in_it(operations: list[Operation]) -> None:
    roots = {path.split("/")[1] for _method, path, _said in operations}

    assert roots == {"api", "hooks", "livez", "readyz", "metrics"}


def test_nothing_that_is_built_later_is_in_it(operations: list[Operation]) -> None:
    paths = " ".join(path for _method, path, _said in operations)

    assert "ballot" not in paths
    assert "ranking" not in paths


def shapes(kind: Any) -> Iterator[type[BaseModel]]:
    """Every shape in a type, its own fields' included."""
    if get_origin(kind) in {list, tuple, dict, Union, UnionType} or get_args(kind):
        for part in get_args(kind):
            yield from shapes(part)
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from shapes(field.annotation)


def test_no_field_that_is_sent_has_a_default(app: FastAPI) -> None:
    sent = {
        shape
        for route in iter_route_contexts(app.routes)
        for shape in shapes(getattr(route, "response_model", None))
    } - {Problem}

    assert len(sent) > 20
    assert [
        f"{shape.__name__}.{name}"
        for shape in sent
        for name, field in shape.model_fields.items()
        if not field.is_required()
    ] == []


class TestContract:
    """The check that each answer in these tests goes through finds what is wrong."""

    ME: ClassVar[dict[str, Any]] = {
        "id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "email": "kim@acme.example",
        "name": "Kim Roe",
        "role": "se",
        "scopes": None,
        "permissions": [],
    }

    def faults(self, contract: Contract, answer: Response) -> list[str]:
        return contract.faults(Request("GET", "http://testserver/api/v1/me"), answer)

    def test_nothing_is_wrong_with_what_is_right(self, contract: Contract) -> None:
        assert self.faults(contract, Response(200, json=self.ME)) == []

    @pytest.mark.parametrize(
        "change",
        [{"more": 1}, {"name": None}, {"role": "boss"}, {"id": "x"}, {"permissions": "all"}],
    )
    def test_a_field_is_wrong(self, contract: Contract, change: dict[str, Any]) -> None:
        assert len(self.faults(contract, Response(200, json=self.ME | change))) == 1

    def test_a_field_is_missing(self, contract: Contract) -> None:
        assert len(self.faults(contract, Response(200, json={}))) == len(self.ME)

    def test_a_status_is_not_documented(self, contract: Contract) -> None:
        assert self.faults(contract, Response(418, json={})) == ["status 418 is not documented"]

    def test_a_problem_is_no_json(self, contract: Contract) -> None:
        assert len(self.faults(contract, Response(401, json={}))) == 1
