"""What an imported row names: accounts, deals and features that are on file, or a fault."""

from typing import Any

from sqlmodel import Session

from models.account import Account
from models.feature import Feature
from models.opportunity import Opportunity
from models.product import Product
from services import finding
from services.cells import Cells

IMPORT = "import"
ACCOUNT_COLUMNS = ("account_domain", "account_ref", "account_id")


def needs_account(cells: Cells) -> None:
    """Note a fault where a row names no account at all."""
    if not any(cells.text(column) for column in ACCOUNT_COLUMNS):
        cells.fault("account_domain", f"is needed, or one of {', '.join(ACCOUNT_COLUMNS[1:])}")


def asking_account(session: Session, cells: Cells) -> dict[str, Any] | None:
    """Which account asks; only by a domain may it be new."""
    account = standing_account(session, cells, may_be_new=True)
    if account is not None:
        return {"id": account.id}
    domain, name = cells.text("account_domain"), cells.text("account_name")
    needs_account(cells)
    if domain is None:
        return None
    if name is None:
        cells.fault("account_name", f"is needed, since no account has the domain {domain} yet")
        return None
    return {"domain": domain, "name": name}


def standing_account(session: Session, cells: Cells, *, may_be_new: bool = False) -> Account | None:
    """The account on file that a row names, in one way or in several that agree."""
    found: dict[str, Account] = {}
    for column in ACCOUNT_COLUMNS:
        text = cells.text(column)
        if text is None:
            continue
        account = _account_by(session, column, text)
        if account is not None:
            found[column] = account
        elif column != "account_domain" or not may_be_new:
            cells.fault(column, f"no account is known as {text!r}; import it first")
    columns = list(found)
    for column in columns[1:]:
        if found[column].id != found[columns[0]].id:
            cells.fault(column, f"names another account than `{columns[0]}`")
    return found[columns[0]] if found else None


def _account_by(session: Session, column: str, text: str) -> Account | None:
    if column == "account_domain":
        return finding.account_by_domain(session, text)
    if column == "account_ref":
        return finding.account_by_ref(session, *_reference(text))
    account_id = finding.as_id(text)
    return finding.account_by_id(session, account_id) if account_id else None


def deal(session: Session, cells: Cells) -> Opportunity | None:
    """The deal that a row names, if it names one."""
    text = cells.text("opportunity_ref")
    if text is None:
        return None
    deal = finding.opportunity_by_ref(session, *_reference(text))
    if deal is None:
        cells.fault("opportunity_ref", f"no deal is known as {text!r}; import it first")
    return deal


def feature_in(
    session: Session, cells: Cells, column: str, product: Product | None = None
) -> Feature | None:
    """The feature that a column names, if it names one."""
    name = cells.text(column)
    if name is None:
        return None
    try:
        return finding.feature_named(session, name, product)
    except finding.NotFoundBy as error:
        cells.fault(column, str(error))
        return None


def _reference(text: str) -> tuple[str, str]:
    """Which system, and what it calls it; without a system it is what an import called it."""
    source, colon, name = text.partition(":")
    return (source.strip(), name.strip()) if colon else (IMPORT, text)
