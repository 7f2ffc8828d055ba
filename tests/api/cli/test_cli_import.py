"""`nomaybe import`: what it prints of a file, and the status that it ends with."""

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, func, select

from models.ask import Ask
from models.user import Role
from tests.api.cli.conftest import Run
from tests.factories import Make

EXAMPLES = Path(__file__).parents[3] / "examples"
IN_ORDER = ("features", "accounts", "opportunities", "asks")


def rows(session: Session, table: Any) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


@pytest.fixture
def with_admin(on_file: Run, make: Make) -> Run:
    """The command line on a database with an administrator."""
    make.user(Role.admin)
    return on_file


def bring_examples(run: Run) -> list[Any]:
    return [
        run("import", kind, EXAMPLES / f"{kind}.csv", *extra)
        for kind in IN_ORDER
        for extra in [["--create-products"] if kind == "features" else []]
    ]


def test_all_examples_come_in_cleanly(with_admin: Run) -> None:
    results = bring_examples(with_admin)

    assert [result.output for result in results] == [
        "features.csv: 22 made, 0 changed, 0 unchanged, 0 refused.\n",
        "accounts.csv: 24 made, 0 changed, 0 unchanged, 0 refused.\n",
        "opportunities.csv: 20 made, 0 changed, 0 unchanged, 0 refused.\n",
        "asks.csv: 32 made, 0 changed, 0 unchanged, 0 refused.\n",
    ]
    assert {result.exit_code for result in results} == {0}


def test_all_examples_a_second_time_change_nothing(with_admin: Run) -> None:
    bring_examples(with_admin)

    results = bring_examples(with_admin)

    assert [result.output.partition(": ")[2] for result in results] == [
        "0 made, 0 changed, 22 unchanged, 0 refused.\n",
        "0 made, 0 changed, 24 unchanged, 0 refused.\n",
        "0 made, 0 changed, 20 unchanged, 0 refused.\n",
        "0 made, 0 changed, 32 unchanged, 0 refused.\n",
    ]


def test_the_broken_example_is_told_in_ten_lines(with_admin: Run) -> None:
    bring_examples(with_admin)

    result = with_admin("import", "asks", EXAMPLES / "asks-broken.csv")

    *told, summary = result.stdout.splitlines()
    assert [line.split(": ")[:2] for line in told] == [
        ["line 3", "title"],
        ["line 4", "response_kind"],
        ["line 5", "response_message"],
        ["line 6", "asked_on"],
        ["line 7", "asked_on"],
        ["line 8", "feature"],
        ["line 9", "importance"],
        ["line 10", "account_domain"],
        ["line 11", told[8].partition(": ")[2]],
        ["line 12", "response_basis"],
    ]
    assert summary == "asks-broken.csv: 2 made, 0 changed, 0 unchanged, 10 refused."
    assert result.exit_code == 1


def test_a_dry_run_tells_the_same_and_keeps_nothing(with_admin: Run, session: Session) -> None:
    bring_examples(with_admin)
    before = rows(session, Ask)
    session.rollback()

    result = with_admin("import", "asks", EXAMPLES / "asks-broken.csv", "--dry-run")

    assert "2 made, 0 changed, 0 unchanged, 10 refused." in result.stdout
    assert result.exit_code == 1
    assert rows(session, Ask) == before


def test_a_long_file_comes_in_whole(
    with_admin: Run, folder: Path, session: Session, make: Make
) -> None:
    make.product()
    make.account(domain="norwick.example")
    file = folder / "asks.csv"
    lines = [f"R{number},norwick.example,Wish {number}" for number in range(450)]
    file.write_text("\n".join(["external_id,account_domain,title", *lines]))

    with_admin("import", "asks", file)

    assert rows(session, Ask) == 450


def test_columns_can_be_mapped_and_ignored(
    with_admin: Run, folder: Path, session: Session, make: Make
) -> None:
    make.product()
    make.account(domain="norwick.example")
    file = folder / "crm.csv"
    file.write_text("Website;Summary;Colour\nnorwick.example;Single sign-on;red\n")

    result = with_admin(
        "import", "asks", file,
        "--map", "account_domain=Website", "--map", "title=summary", "--ignore", "colour",
    )  # fmt: skip

    assert result.exit_code == 0
    assert session.exec(select(Ask.title)).one() == "Single sign-on"


def test_an_import_is_made_on_behalf_of_whom_it_names(
    with_admin: Run, folder: Path, session: Session, make: Make
) -> None:
    make.product()
    make.account(domain="norwick.example")
    user = make.user(Role.se)
    file = folder / "asks.csv"
    file.write_text("account_domain,title\nnorwick.example,SSO\n")

    with_admin("import", "asks", file, "--user", user.email)

    assert session.exec(select(Ask.logged_by)).one() == user.id


@pytest.mark.parametrize(
    ("header", "words", "status", "said"),
    [
        ("titel", (), 1, "did you mean `title`?"),
        ("title", ("--map", "title"), 2, "must be OURS=THEIRS"),
        ("title", ("--user", "nobody@acme.example"), 1, "Nobody has the e-mail"),
    ],
)
def test_an_import_that_cannot_begin_is_told(
    with_admin: Run, folder: Path, header: str, words: tuple[str, ...], status: int, said: str
) -> None:
    file = folder / "asks.csv"
    file.write_text(f"{header}\nSSO\n")

    result = with_admin("import", "asks", file, *words)

    assert result.exit_code == status
    assert said in result.stderr


def test_an_import_needs_somebody_on_whose_behalf_it_is_made(on_file: Run, folder: Path) -> None:
    file = folder / "asks.csv"
    file.write_text("title\nSSO\n")

    result = on_file("import", "asks", file)

    assert result.exit_code == 1
    assert "no active administrator" in result.stderr
