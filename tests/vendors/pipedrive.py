"""Pipedrive's API v2 as developers.pipedrive.com has it: lists by cursor, fields, and its user."""

import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from tests.vendors.server import TOKEN, Vendor

MOST_RECORDS = 500
LISTS = ("deals", "persons", "organizations")
FIELDS = ("dealFields", "personFields", "organizationFields")


@dataclass
class Pipedrive(Vendor):
    """Records by list and id, with their `update_time`; definitions of fields by list."""

    page: int = MOST_RECORDS
    company: int = 8800123
    records: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {each: {} for each in LISTS}
    )
    fields: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {each: [] for each in FIELDS}
    )

    def put(self, name: str, number: int, at: datetime, **values: Any) -> None:
        """Make or change a record."""
        stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = self.records[name].get(number, {"id": number, "custom_fields": {}})
        self.records[name][number] = known | values | {"update_time": stamp}

    def truth(self, request: Request, body: bytes) -> tuple[Any, int]:
        assert body == b""
        if request.headers.get("x-api-token") != TOKEN:
            return {"success": False, "error": "unauthorized access", "errorCode": 401}, 401
        query = dict(request.query_params)
        path = request.url.path.removeprefix("/api/")
        if path == "v1/users/me":
            return {"success": True, "data": {"id": 1, "company_id": self.company}}, 200
        name = path.removeprefix("v2/")
        limit = int(query.get("limit", 100))
        place = _place(query.get("cursor"))
        if limit > MOST_RECORDS or place is None:
            return {"success": False, "error": "Invalid cursor", "errorCode": 400}, 400
        if name in FIELDS:
            return {"success": True, "data": self.fields[name], "additional_data": {}}, 200
        if name not in LISTS:
            return {"success": False, "error": "Unknown method .", "errorCode": 404}, 404
        assert (query["sort_by"], query["sort_direction"]) == ("id", "asc")
        statuses = query.get("status", "open,won,lost").split(",")
        found = [
            each
            for number, each in sorted(self.records[name].items())
            if number >= place
            and each["update_time"] >= query["updated_since"]
            and each.get("status", "open") in statuses
        ]
        size = min(limit, self.page)
        more = base64.b64encode(json.dumps({"id": found[size]["id"]}).encode()).decode() if (
            len(found) > size
        ) else None  # fmt: skip
        told = {"success": True, "data": found[:size], "additional_data": {"next_cursor": more}}
        return told, 200


def _place(cursor: str | None) -> int | None:
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.b64decode(cursor))["id"])
    except (ValueError, KeyError):
        return None
