"""Importing lines of text, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from services import importing
from services.importing import Kind, Result, Run
from services.permissions import Caller
from services.policy import Policy
from services.sheets import match_columns, read_sheet

Bring = Callable[..., list[Result]]


def bringing(session: Session, policy: Policy, admin: Caller, folder: Path) -> Bring:
    """`bring(Kind.asks, "title,...", "SSO,...")` imports these lines."""

    def run(kind: Kind, *lines: str, by: Caller = admin, create_products: bool = False) -> Any:
        path = folder / f"{kind}.csv"
        path.write_text("\n".join(lines))
        sheet = read_sheet(path)
        columns = match_columns(sheet, importing.COLUMNS[kind], {})
        context = Run(session, by, policy, create_products)
        results = list(importing.bring_in(context, kind, sheet, columns))
        session.commit()
        return results

    return run


def faults(results: list[Result]) -> list[tuple[int, str, str]]:
    """Line, column and reason of everything that is wrong."""
    return [(each.line, fault.column, fault.said) for each in results for fault in each.faults]


def one(session: Session, table: Any) -> Any:
    """The one row of a table."""
    return session.exec(select(table)).one()
