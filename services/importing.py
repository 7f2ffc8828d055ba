"""Accounts, deals, features and asks from a file, row by row through the services.

A good row goes in, a bad one is told with its line and every fault in it. What a row makes is
known again by its `external_id`, so that a second run of the same file changes nothing:

* accounts: by `external_id`, else by `domain`; one of them is needed.
* opportunities: by `external_id`.
* features: by `external_id`, else by product and title.
* asks: by `external_id`; an ask that is on file is never changed. Without one it is logged anew.

An empty cell says nothing: what is on file stays. A name in another system is written `hubspot:123`
and found by that; without a system it is the `external_id` that an earlier import gave.
A feature names a product that is on file; a first import may make the products that it names.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session

from models.account import AccountChange, AccountNew, ExternalRef, Lifecycle, Segment
from models.ask import AskNew, Importance
from models.feature import FeatureChange, FeatureNew, FeatureStatus
from models.opportunity import OpportunityChange, OpportunityNew, Outcome
from models.product import Product, ProductNew
from models.response import NoNew, ResponseKind, ResponseNew, YesNew
from services import (
    accounts,
    asks,
    features,
    finding,
    lookups,
    opportunities,
    products,
    responses,
    revisions,
)
from services.cells import BadRow, Cells, Fault
from services.errors import DomainError
from services.lookups import ACCOUNT_COLUMNS, IMPORT
from services.permissions import Caller, Permission
from services.policy import Policy
from services.sheets import Sheet, key

NO_ID = UUID(int=0)


class Kind(StrEnum):
    """What the rows of a file are."""

    asks = "asks"
    accounts = "accounts"
    opportunities = "opportunities"
    features = "features"


COLUMNS: dict[Kind, tuple[str, ...]] = {
    Kind.accounts: (
        "external_id", "name", "domain", "lifecycle", "arr", "currency", "segment", "industry",
        "region", "tags", "owner_email", "renews_on",
    ),
    Kind.opportunities: (
        "external_id", *ACCOUNT_COLUMNS, "name", "amount", "currency", "stage", "probability",
        "close_on", "outcome", "lost_to_feature",
    ),
    Kind.features: (
        "external_id", "product", "title", "description", "status", "decline_reason", "target_on",
        "shareable", "public_title", "area", "owner_email",
    ),
    Kind.asks: (
        "external_id", *ACCOUNT_COLUMNS, "account_name", "title", "verbatim", "why", "importance",
        "product", "feature", "asked_on", "contact_name", "contact_email", "opportunity_ref",
        "source_url", "response_kind", "response_basis", "response_how", "response_message",
    ),
}  # fmt: skip


class Did(StrEnum):
    """What became of a row."""

    made = "made"
    changed = "changed"
    unchanged = "unchanged"
    refused = "refused"


@dataclass(frozen=True)
class Result:
    """What became of the row on a line, and what is wrong with it where it was refused."""

    line: int
    did: Did
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Run:
    """An import: where to, on whose behalf, under which policy."""

    session: Session
    by: Caller
    policy: Policy
    create_products: bool = False


def bring_in(run: Run, kind: Kind, sheet: Sheet, columns: Sequence[str | None]) -> Iterator[Result]:
    """Import a table, a row at a time; whoever goes through the results may commit between them.

    Args:
        run: Where to, and on whose behalf.
        kind: What its rows are.
        sheet: The table.
        columns: For each of its columns the one of ours that it fills, one of `COLUMNS`, or None;
            `sheets.match_columns` gives them.

    Yields:
        For each row what became of it.

    Raises:
        NotPermitted: The caller may not make what the file holds.
    """
    needed, make = _MAKERS[kind]
    run.by.require(needed)
    if run.create_products:
        run.by.require(Permission.catalog_write)
    if "response_kind" in columns:
        run.by.require(Permission.ask_answer)
    for row in sheet.rows:
        if len(row.cells) != len(sheet.header):
            said = (
                f"has {len(row.cells)} cells, and the first line names {len(sheet.header)} columns;"
                " a cell that holds a comma or a semicolon must stand in quotes"
            )
            yield Result(row.line, Did.refused, (Fault("", said),))
            continue
        texts = {
            column: text
            for column, text in zip(columns, row.cells, strict=True)
            if column is not None and text
        }
        yield _take(run, make, row.line, Cells(texts))


def _take(run: Run, make: Callable[[Run, Cells], Did], line: int, cells: Cells) -> Result:
    """Take a row as a whole or not at all."""
    for column, text in cells.texts.items():
        if "\0" in text:  # PostgreSQL cannot even look for it
            cells.fault(column, "holds the character U+0000")
    if cells.faults:
        return Result(line, Did.refused, tuple(cells.faults))
    try:
        with run.session.begin_nested():
            return Result(line, make(run, cells))
    except BadRow:
        pass
    except DomainError as error:
        cells.blame(error)
    return Result(line, Did.refused, tuple(cells.faults))


def _account(run: Run, cells: Cells) -> Did:
    external_id, domain = cells.text("external_id"), cells.text("domain")
    values = {
        "name": cells.text("name"),
        "domain": domain,
        "lifecycle": cells.choice("lifecycle", Lifecycle),
        "arr": cells.money("arr"),
        "segment": cells.choice("segment", Segment),
        "industry": cells.text("industry"),
        "region": cells.text("region"),
        "tags": cells.words("tags"),
        "owner_email": cells.text("owner_email"),
        "renews_on": cells.day("renews_on"),
        "external_refs": _import_ref(external_id),
    }
    standing = finding.account_by_ref(run.session, IMPORT, external_id) if external_id else None
    holder = finding.account_by_domain(run.session, domain) if domain else None
    standing = standing or holder
    if standing is not None and standing is holder:
        # It has the domain, or one that was merged into it has and keeps it.
        values["domain"] = None
    if external_id is None and domain is None:
        cells.fault("external_id", "or `domain` is needed, to know the account by the next time")
    if standing is None:
        accounts.create_account(run.session, run.by, cells.whole(AccountNew, values))
        return Did.made
    change, before = cells.whole(AccountChange, values), standing.version
    accounts.change_account(run.session, run.by, run.policy, standing.id, change)
    return Did.unchanged if standing.version == before else Did.changed


def _opportunity(run: Run, cells: Cells) -> Did:
    external_id = cells.text("external_id")
    if external_id is None:
        cells.fault("external_id", "is needed, to know the deal by the next time")
    standing = finding.opportunity_by_ref(run.session, IMPORT, external_id) if external_id else None
    account = lookups.standing_account(run.session, cells)
    lost_to = lookups.feature_in(run.session, cells, "lost_to_feature")
    values = {
        "name": cells.text("name"),
        "amount": cells.money("amount"),
        "stage": cells.text("stage"),
        "probability": cells.probability("probability"),
        "close_on": cells.day("close_on"),
        "outcome": cells.choice("outcome", Outcome),
        "lost_to_feature_id": lost_to.id if lost_to else None,
        "external_refs": _import_ref(external_id),
    }
    if standing is None:
        lookups.needs_account(cells)
        # An account at fault has its fault already, and any id will do to look for others.
        new = cells.whole(OpportunityNew, values | {"account_id": account.id if account else NO_ID})
        opportunities.create_opportunity(run.session, run.by, run.policy, new)
        return Did.made
    if account is not None and account.id != standing.account_id:
        cells.fault("account_domain", "the deal belongs to another account, and stays there")
    change, before = cells.whole(OpportunityChange, values), standing.version
    opportunities.change_opportunity(run.session, run.by, run.policy, standing.id, change)
    return Did.unchanged if standing.version == before else Did.changed


def _feature(run: Run, cells: Cells) -> Did:
    external_id, title = cells.text("external_id"), cells.text("title")
    product = _product(run, cells)
    values = {
        "title": title,
        "description": cells.text("description"),
        "status": cells.choice("status", FeatureStatus),
        "decline_reason": cells.text("decline_reason"),
        "target_on": cells.day("target_on"),
        "owner_email": cells.text("owner_email"),
        "shareable": cells.flag("shareable"),
        "public_title": cells.text("public_title"),
        "area": cells.text("area"),
    }
    standing = finding.feature_known_as(run.session, external_id) if external_id else None
    if standing is None and title is not None and product is not None:
        standing = finding.feature_titled(run.session, title, product)
    if external_id is not None:
        cells.shaped(ExternalRef, {"source": IMPORT, "id": external_id})
    if standing is None:
        # A product at fault has its fault already, and any id will do to look for others.
        new = cells.whole(FeatureNew, values | {"product_id": product.id if product else NO_ID})
        made = features.create_feature(run.session, run.by, new)
        made.external_id = external_id
        return Did.made
    if product is not None and product.id != standing.product_id:
        cells.fault("product", "the feature belongs to another product, and stays there")
    change, before = cells.whole(FeatureChange, values), standing.version
    features.change_feature(run.session, run.by, run.policy, standing.id, change)
    if external_id is not None:
        revisions.revise(standing, run.by, {"external_id": external_id})
    return Did.unchanged if standing.version == before else Did.changed


def _ask(run: Run, cells: Cells) -> Did:
    product = _product(run, cells) if cells.text("product") else None
    feature = lookups.feature_in(run.session, cells, "feature", product)
    deal = lookups.deal(run.session, cells)
    contact = {"name": cells.text("contact_name"), "email": cells.text("contact_email")}
    if contact["email"] and not contact["name"]:
        contact["name"] = contact["email"]
    values = {
        # An account at fault has its fault already, and any id will do to look for others.
        "account": lookups.asking_account(run.session, cells) or {"id": NO_ID},
        "title": cells.text("title"),
        "verbatim": cells.text("verbatim"),
        "why": cells.text("why"),
        "importance": cells.choice("importance", Importance),
        "product_id": product.id if product else None,
        "feature_id": feature.id if feature else None,
        "opportunity_id": deal.id if deal else None,
        "contact": contact if contact["name"] else None,
        "asked_on": cells.day("asked_on"),
        "external_id": cells.text("external_id"),
        "source_url": cells.text("source_url"),
    }
    answer = _answer(cells)
    new = cells.whole(AskNew, values)
    ask, fresh = asks.log_ask(run.session, run.by, run.policy, new, asks.FROM_IMPORT)
    if not fresh:
        return Did.unchanged
    if answer is not None:
        try:
            responses.give_response(run.session, run.by, run.policy, ask.id, answer)
        except DomainError as error:
            cells.blame(error, within="response")
            raise BadRow from None
    return Did.made


def _answer(cells: Cells) -> YesNew | NoNew | None:
    """The answer that the customer had already, if the row holds one."""
    given = {name: cells.text(f"response_{name}") for name in ("kind", "basis", "how", "message")}
    if not any(given.values()):
        return None
    for name in ("kind", "basis"):
        given[name] = key(given[name] or "") or None
    if given["kind"] == ResponseKind.ranked:
        said = (
            "a ranked answer is an order, which a cell cannot hold; leave it out, and answer the"
            " ask with the customer's order afterwards"
        )
        cells.fault("response_kind", said)
        return None
    if given["kind"] not in {*ResponseKind}:
        cells.shaped(ResponseNew, {"kind": given["kind"] or ""}, within="response_kind")
        return None
    found: YesNew | NoNew | None = cells.shaped(ResponseNew, given, within="response")
    return found


def _product(run: Run, cells: Cells) -> Product | None:
    name = cells.text("product")
    try:
        return finding.product_named(run.session, name)
    except finding.NotFoundBy as error:
        if name is None or not run.create_products:
            hint = "" if run.create_products else "; make it first, or use --create-products"
            cells.fault("product", f"{error}{hint}")
            return None
    new = cells.shaped(ProductNew, {"name": name}, within="product")
    return products.create_product(run.session, run.by, new) if new else None


def _import_ref(external_id: str | None) -> list[dict[str, str]] | None:
    return [{"source": IMPORT, "id": external_id}] if external_id else None


_MAKERS: dict[Kind, tuple[Permission, Callable[[Run, Cells], Did]]] = {
    Kind.accounts: (Permission.account_write, _account),
    Kind.opportunities: (Permission.account_write, _opportunity),
    Kind.features: (Permission.catalog_write, _feature),
    Kind.asks: (Permission.ask_log, _ask),
}
