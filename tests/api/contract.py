"""Whether an answer is what the OpenAPI document promises, to the letter."""

import json
import re
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from httpx2 import Request, Response
from jsonschema_rs import Draft202012Validator

from api.problems import MEDIA_TYPE

NOT_DOCUMENTED = {405, 500}  # of every address, and of none
API = "/api/v1"


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and address of an application, the latter as it was written."""
    return sorted(
        (method, str(route.path_format))
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ()
    )


def api_routes(app: FastAPI, *, some_id: str) -> list[tuple[str, str]]:
    """Those of the API, with an id in each place that takes one."""
    return [
        (method, re.sub(r"\{[^}]+\}", some_id, path))
        for method, path in routes(app)
        if path.startswith(API)
    ]


class Contract:
    """The OpenAPI document, ready to be held against answers.

    It is taken more strictly than it says: an object may hold nothing that is not described.
    Problems alone may, since each has members of its own.
    """

    def __init__(self, app: FastAPI) -> None:
        document = json.loads(json.dumps(app.openapi()))
        self.components = deepcopy(document["components"])
        for name, schema in self.components["schemas"].items():
            if name != "Problem" and "properties" in schema:
                schema.setdefault("additionalProperties", False)
        self.paths: list[tuple[re.Pattern[str], dict[str, Any]]] = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), item)
            for path, item in sorted(document["paths"].items(), key=lambda pair: "{" in pair[0])
        ]
        self._validators: dict[str, Draft202012Validator] = {}

    def faults(self, request: Request, response: Response) -> list[str]:
        """What is wrong with an answer; nothing for addresses that are not described."""
        operation = self._operation(request)
        if operation is None or response.status_code in NOT_DOCUMENTED:
            return []
        said = operation["responses"].get(str(response.status_code))
        if said is None:
            return [f"status {response.status_code} is not documented"]
        content = said.get("content", {})
        kind = response.headers.get("content-type", "").partition(";")[0]
        if not content:
            return [f"a body of {kind}, and none is documented"] if response.content else []
        if kind not in content:
            return [f"{kind!r} is not documented, but {', '.join(content)}"]
        if kind not in {"application/json", MEDIA_TYPE}:
            return []
        return [
            f"{list(error.instance_path)}: {error.message[:500]}"
            for error in self._validator(content[kind]["schema"]).iter_errors(response.json())
        ]

    def _operation(self, request: Request) -> dict[str, Any] | None:
        for pattern, item in self.paths:
            if pattern.fullmatch(request.url.path):
                found: dict[str, Any] | None = item.get(request.method.lower())
                return found
        return None

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        key = json.dumps(schema)
        if key not in self._validators:
            whole = {**schema, "components": self.components}
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        return self._validators[key]
