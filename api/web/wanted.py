"""What the demand board is asked to show: read from an address, and written back into one."""

from datetime import date
from typing import Any, Self
from urllib.parse import urlencode

from pydantic import ConfigDict, model_validator

from api.parameters import Cursor
from models.view import ViewFilters, ViewName
from services.demand import DemandFilter, DemandOrder

NAMES = tuple(ViewFilters.model_fields)
Pairs = list[tuple[str, str]]


def pairs_of(filters: dict[str, Any]) -> Pairs:
    """Filters as they stand in an address, always in the same order."""
    found: Pairs = []
    for name in NAMES:
        value = filters.get(name)
        values = value if isinstance(value, list) else [] if value is None else [value]
        found += [(name, str(each)) for each in values]
    return found


class Wanted(ViewFilters):
    """What the board shows: the names are those of the API, so that an export is a link."""

    model_config = ConfigDict(extra="ignore")

    sort: DemandOrder = DemandOrder.customer_arr
    cursor: Cursor | None = None
    deleted: ViewName | None = None

    @model_validator(mode="before")
    @classmethod
    def chosen(cls, given: Any) -> Any:
        """Without what a form sends for a choice not made."""
        if not isinstance(given, dict):
            return given
        kept = {
            name: [each for each in value if each != ""] if isinstance(value, list) else value
            for name, value in given.items()
        }
        return {name: value for name, value in kept.items() if value != ""}

    def kept(self) -> dict[str, Any]:
        """What a view keeps of it: all that differs from the plain board."""
        return self.model_dump(mode="json", include={*NAMES}, exclude_defaults=True)

    def pairs(self) -> Pairs:
        """What is set, as it stands in an address."""
        return pairs_of(self.kept())

    def narrowed(self) -> DemandFilter:
        """The filters as the report takes them."""
        own = self.model_dump(include={*NAMES} - {"compare", "sort"})
        return DemandFilter(**own)

    def address(self, path: str, **other: str) -> str:
        """A link to the same demand, otherwise sorted, sliced or sent."""
        given = {"sort": self.sort.value} | other
        if given["sort"] == DemandOrder.customer_arr:
            del given["sort"]
        filters = [(name, value) for name, value in self.pairs() if name != "sort"]
        return self.link(path, [*filters, *given.items()])

    def without(self, name: str, value: str | None = None) -> str:
        """A link to the board with one filter less."""
        kept = [each for each in self.pairs() if each[0] != name or value not in {None, each[1]}]
        return self.link("/demand", kept)

    def between(self, since: date | None, until: date | None) -> Self:
        """The same within a period, and not compared."""
        return self.model_copy(update={"asked_since": since, "asked_until": until, "compare": None})

    @staticmethod
    def link(path: str, pairs: Pairs) -> str:
        """An address with a query, or without one where there is nothing to say."""
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return any(name not in {"sort", "compare"} for name, _value in self.pairs())
