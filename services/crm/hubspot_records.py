"""HubSpot asked: the records that changed, by the search of its CRM.

Source: developers.hubspot.com, "Search the CRM": 200 records a page, 10,000 a query, five queries
a second, no archived records, and some moments until a change is found. So a query begins behind
the last id that was read instead of counting on: changes meanwhile move nothing, and no query
goes past its first page.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from models.connector import ConnectorSettings, RecordKind
from services.crm import hubspot, records
from services.crm.outgoing import Client
from services.crm.vendor import CrmNotUnderstood, RecordsPage

PAGE = 200
SPACING = 0.21  # seconds: five searches in one
CHANGED = {RecordKind.contact: "lastmodifieddate"}
PATHS = {
    RecordKind.company: "companies",
    RecordKind.contact: "contacts",
    RecordKind.deal: "deals",
    RecordKind.ticket: "tickets",
}
TYPES = {kind: type_ for type_, kind in hubspot.OBJECTS.items()}
# The search tells no associations; a contact tells its company as a property.
OWN = {RecordKind.contact: ("firstname", "lastname", "associatedcompanyid")}
LINKED = (RecordKind.deal, RecordKind.ticket)
PRIMARY = "primary"


class HubSpot:
    """HubSpot, asked with the token of a private app."""

    def __init__(self, client: Client, settings: ConnectorSettings) -> None:
        self._client, self._settings = client, settings

    def organization(self) -> str:
        """The portal that the token reads; see `Vendor`."""
        told = self._client.get("/account-info/v3/details")
        return records.identity("portalId", told.get("portalId"))

    def page(
        self, organization: str, kind: RecordKind, since: datetime, marker: str | None
    ) -> RecordsPage:
        """Records behind the id `marker`; see `Vendor`."""
        changed = CHANGED.get(kind, "hs_lastmodifieddate")
        stamp = str(int(since.timestamp() * 1000))
        filters = [{"propertyName": changed, "operator": "GTE", "value": stamp}]
        if marker is not None:
            filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": marker})
        mapped = records.theirs(kind, hubspot.PROPERTIES, self._settings).values()
        wanted = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [*dict.fromkeys([*mapped, *OWN.get(kind, ()), changed])],
            "limit": PAGE,
        }
        told = self._client.post(f"/crm/v3/objects/{PATHS[kind]}/search", wanted)
        found = told.get("results")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise CrmNotUnderstood("HubSpot's search has no list of `results`.")
        ids = [_number(each.get("id")) for each in found]
        if ids != sorted(set(ids)) or (ids and marker is not None and ids[0] <= int(marker)):
            raise CrmNotUnderstood("HubSpot's search is not in the order of ids.")
        links = self._links(kind, ids) if kind in LINKED else {}
        bodies = [
            to_json(
                each
                | {
                    "objectId": str(number),
                    "objectTypeId": TYPES[kind],
                    "portalId": organization,
                    "associations": links.get(number, {}),
                }
            )
            for number, each in zip(ids, found, strict=True)
        ]
        total = told.get("total")
        left = total if isinstance(total, int) else None
        more = bool(told.get("paging")) or len(found) >= PAGE
        return RecordsPage(bodies, str(ids[-1]) if ids and more else None, left)

    def _links(self, kind: RecordKind, ids: Sequence[int]) -> dict[int, dict[str, list[int]]]:
        """The companies and people of records, the primary one first."""
        found: dict[int, dict[str, list[int]]] = {each: {} for each in ids}
        if not ids:
            return found
        for goal, name in (("companies", "associatedCompanyIds"), ("contacts", "associatedVids")):
            path = f"/crm/v4/associations/{PATHS[kind]}/{goal}/batch/read"
            told = self._client.post(path, {"inputs": [{"id": str(each)} for each in ids]})
            for each in _dicts(told.get("results")):
                origin = each.get("from")
                number = _number(origin.get("id") if isinstance(origin, dict) else None)
                goals = sorted(_dicts(each.get("to")), key=_is_other)
                if number in found:
                    found[number][name] = [_number(goal.get("toObjectId")) for goal in goals]
        return found


def _is_other(goal: dict[str, Any]) -> bool:
    labels = [str(each.get("label")).lower() for each in _dicts(goal.get("associationTypes"))]
    return PRIMARY not in labels


def _dicts(given: Any) -> list[dict[str, Any]]:
    found = given if isinstance(given, list) else []
    return [each for each in found if isinstance(each, dict)]


def _number(given: Any) -> int:
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) <= records.LONGEST_ID):
        raise CrmNotUnderstood("HubSpot names a record by an id that is no number.")
    return int(text)
