"""What demand can be narrowed down by: the industries, regions and tags that accounts have."""

from sqlmodel import Session

from services.book import Book
from services.permissions import Caller, Permission


def facets(book: Book, session: Session, by: Caller) -> dict[str, list[str]]:
    """The industries, regions and tags of the accounts that stand, each in order of the alphabet.

    Raises:
        NotPermitted: `by` may not read demand.
    """
    by.require(Permission.demand_read)
    with book.opened(session):
        columns = book.columns
        live = columns.account_live
        industries = {
            book.industries.values[at] for at in set(columns.account_industry[live]) - {-1}
        }
        regions = {book.regions.values[at] for at in set(columns.account_region[live]) - {-1}}
        tags = set[str]().union(
            *(held for held, here in zip(book.account_tags, live, strict=True) if here)
        )
    return {
        "industry": sorted(industries, key=str.casefold),
        "region": sorted(regions, key=str.casefold),
        "tag": sorted(tags, key=str.casefold),
    }
