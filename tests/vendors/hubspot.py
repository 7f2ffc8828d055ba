"""HubSpot's search of CRM records and its associations, as developers.hubspot.com has them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request

from tests.vendors.server import TOKEN, Vendor

MOST_RECORDS, MOST_IN_QUERY, MOST_CHARACTERS = 200, 10_000, 3_000
TYPES = ("companies", "contacts", "deals", "tickets")


@dataclass
class HubSpot(Vendor):
    """Records by type and id; `updated` is when one changed."""

    page: int = MOST_RECORDS
    portal: int = 48
    records: dict[str, dict[int, dict[str, Any]]] = field(
        default_factory=lambda: {each: {} for each in TYPES}
    )
    links: dict[tuple[str, int, str], list[tuple[int, str]]] = field(default_factory=dict)

    def put(self, type_: str, number: int, at: datetime, **properties: str | None) -> None:
        """Make or change a record."""
        known = self.records[type_].get(number, {"properties": {}})["properties"]
        self.records[type_][number] = {"properties": known | properties, "updated": at}

    def truth(self, request: Request, body: bytes) -> tuple[Any, int]:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            said = {"status": "error", "message": "Authentication credentials not found."}
            return said | {"category": "INVALID_AUTHENTICATION"}, 401
        path = request.url.path.strip("/").split("/")
        if path == ["account-info", "v3", "details"]:
            return {"portalId": self.portal, "timeZone": "Europe/Berlin"}, 200
        content = json.loads(body)
        if path[:3] == ["crm", "v3", "objects"] and path[4:] == ["search"]:
            return self._search(path[3], content, len(body))
        if path[:3] == ["crm", "v4", "associations"] and path[5:] == ["batch", "read"]:
            return self._associations(path[3], path[4], content)
        return {"status": "error", "message": "nothing is there"}, 404

    def _search(self, type_: str, wanted: dict[str, Any], length: int) -> tuple[Any, int]:
        after = int(wanted.get("after", 0))
        limit = wanted.get("limit", 10)
        if (
            length > MOST_CHARACTERS
            or limit > MOST_RECORDS
            or after + limit > MOST_IN_QUERY
            or len(wanted.get("sorts", [])) > 1
        ):
            return {"status": "error", "message": "There was a problem with the request."}, 400
        (group,) = wanted["filterGroups"]
        found = [
            (number, each)
            for number, each in self.records[type_].items()
            if all(_fits(type_, number, each, one) for one in group["filters"])
        ]
        (sort,) = wanted["sorts"]
        assert sort == {"propertyName": "hs_object_id", "direction": "ASCENDING"}
        found.sort()
        size = min(limit, self.page)
        some = found[after : after + size]
        told: dict[str, Any] = {
            "total": len(found),
            "results": [_told(number, each, wanted["properties"]) for number, each in some],
        }
        if after + size < len(found):
            told["paging"] = {"next": {"after": str(after + size)}}
        return told, 200

    def _associations(self, origin: str, goal: str, wanted: dict[str, Any]) -> tuple[Any, int]:
        results, errors = [], []
        for each in wanted["inputs"]:
            to = self.links.get((origin, int(each["id"]), goal))
            if to is None:
                errors.append({"status": "error", "subCategory": "NO_ASSOCIATIONS_FOUND"})
                continue
            goals = [
                {
                    "toObjectId": number,
                    "associationTypes": [
                        {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": label or None}
                    ],
                }
                for number, label in to
            ]
            results.append({"from": {"id": each["id"]}, "to": goals})
        told: dict[str, Any] = {"status": "COMPLETE", "results": results}
        return (told | {"errors": errors}, 207) if errors else (told, 200)


def _fits(type_: str, number: int, record: dict[str, Any], wanted: dict[str, str]) -> bool:
    name, operator, value = wanted["propertyName"], wanted["operator"], int(wanted["value"])
    if name == "hs_object_id":
        return operator == "GT" and number > value
    changed = "lastmodifieddate" if type_ == "contacts" else "hs_lastmodifieddate"
    assert (name, operator) == (changed, "GTE")
    return bool(record["updated"].timestamp() * 1000 >= value)


def _told(number: int, record: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
    stamp = record["updated"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    known = {name: record["properties"].get(name) for name in wanted}
    return {
        "id": str(number),
        "properties": known | {"hs_object_id": str(number)},
        "createdAt": stamp,
        "updatedAt": stamp,
        "archived": False,
    }
