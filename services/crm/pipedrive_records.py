"""Pipedrive asked: the records that changed, by the lists of its API v2.

Source: developers.pipedrive.com, "API v2": lists by cursor, at most 500 records a page, sorted by
id so that changes meanwhile move nothing. What is told differs from webhooks in the custom fields,
which come without their types; so the definitions of the fields are read too, with what their
options are called.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from models.base import utc_now
from models.connector import RecordKind
from services.crm import pipedrive, records
from services.crm.outgoing import Client
from services.crm.vendor import CrmNotUnderstood, NotOffered, RecordsPage, RequestRefused

PAGE = 500
MOST_PAGES = 100  # of definitions of fields
LISTS = {
    RecordKind.company: ("organizations", "organizationFields"),
    RecordKind.contact: ("persons", "personFields"),
    RecordKind.deal: ("deals", "dealFields"),
}
STATUSES = "open,won,lost,deleted"  # deleted ones are told for 30 days
ORIGIN = "reconciled"  # in place of the id of a webhook


class Pipedrive:
    """Pipedrive, asked with the API token of somebody who may see all."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[RecordKind, dict[str, dict[str, Any]]] = {}

    def organization(self) -> str | None:
        """The company that the token reads; see `Vendor`."""
        try:
            told = self._client.get("/api/v1/users/me").get("data")
        except NotOffered:  # of all that is asked only this is not in version 2 yet
            return None
        company = told.get("company_id") if isinstance(told, dict) else None
        return None if company is None else records.identity("company_id", company)

    def page(
        self, organization: str, kind: RecordKind, since: datetime, marker: str | None
    ) -> RecordsPage:
        """Records from the cursor `marker` on; see `Vendor`."""
        if kind not in LISTS:
            return RecordsPage([], None, 0)
        wanted: dict[str, str | int] = {
            "updated_since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "sort_by": "id",
            "sort_direction": "asc",
            "limit": PAGE,
        }
        if kind is RecordKind.deal:
            wanted["status"] = STATUSES
        if marker is not None:
            wanted["cursor"] = marker
        found, following = self._list(f"/api/v2/{LISTS[kind][0]}", wanted)
        if following is not None and following == marker:
            raise CrmNotUnderstood("Pipedrive's list does not go on.")
        bodies = [self._body(organization, kind, each) for each in found]
        return RecordsPage(bodies, following, None)

    def _list(
        self, path: str, wanted: dict[str, str | int]
    ) -> tuple[list[dict[str, Any]], str | None]:
        told = self._client.get(path, **wanted)
        found = told.get("data")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise CrmNotUnderstood("Pipedrive's list has no `data`.")
        more = told.get("additional_data")
        following = more.get("next_cursor") if isinstance(more, dict) else None
        return found, following if isinstance(following, str) and following else None

    def _body(self, organization: str, kind: RecordKind, record: dict[str, Any]) -> bytes:
        """A record as a webhook would have sent it."""
        name = records.identity("id", record.get("id"))
        changed = str(record.get("update_time") or record.get("add_time") or utc_now().isoformat())
        gone = record.get("is_deleted") is True or record.get("status") == "deleted"
        meta = {
            "version": "2.0",
            "action": "delete" if gone else "change",
            "entity": pipedrive.OWN[kind],
            "entity_id": name,
            "company_id": organization,
            "webhook_id": ORIGIN,
            "id": records.hashed(kind.value, name, changed, gone)[: records.LONGEST_ID],
            "timestamp": changed,
        }
        if gone:
            return to_json({"meta": meta, "data": None, "previous": None})
        data = dict(record)
        custom = data.get("custom_fields")
        if isinstance(custom, dict):
            data["custom_fields"] = {
                key: self._typed(kind, key, value) for key, value in custom.items()
            }
        if isinstance(data.get("emails"), list):
            data.setdefault("email", data["emails"])
        return to_json({"meta": meta, "data": data, "previous": None})

    def _typed(self, kind: RecordKind, key: str, value: Any) -> Any:
        """A custom field with its type, as webhooks have it, and with what options are called."""
        if value is None or (isinstance(value, dict) and "type" in value):
            return value
        field = self._fields(kind).get(key, {})
        type_ = str(field.get("field_type", "text"))
        labels = {str(each.get("id")): each.get("label") for each in _dicts(field.get("options"))}
        if isinstance(value, list):
            return {"type": "set", "values": [_option(each, labels) for each in value]}
        if type_ == "enum":
            return {"type": "enum"} | _option(value, labels)
        return {"type": type_} | (value if isinstance(value, dict) else {"value": value})

    def _fields(self, kind: RecordKind) -> dict[str, dict[str, Any]]:
        """The definitions of the fields of a kind of record, by key; read once."""
        if kind not in self._known:
            fields: dict[str, dict[str, Any]] = {}
            cursor: str | None = None
            for _page in range(MOST_PAGES):
                wanted: dict[str, str | int] = {"limit": PAGE}
                if cursor is not None:
                    wanted["cursor"] = cursor
                try:
                    found, cursor = self._list(f"/api/v2/{LISTS[kind][1]}", wanted)
                except RequestRefused as error:  # that would be another place than the records'
                    raise CrmNotUnderstood(error.detail) from None
                for each in found:
                    fields[str(each.get("field_code", each.get("key")))] = each
                if cursor is None:
                    break
            self._known[kind] = fields
        return self._known[kind]


def _option(value: Any, labels: Mapping[str, Any]) -> dict[str, Any]:
    label = labels.get(str(value))
    return {"id": value} | ({"label": label} if isinstance(label, str) else {})


def _dicts(given: Any) -> list[dict[str, Any]]:
    found = given if isinstance(given, list) else []
    return [each for each in found if isinstance(each, dict)]
