"""`nomaybe verify` and `nomaybe erase-contact`: what they print, and how they end."""

import re
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from models import ChainLink, Contact, triggers
from models.database import connect
from services.vault import key_in
from tests.api.cli.conftest import Run
from tests.factories import Make

TOLD = {
    "contact": {"name": "Kim Roe", "email": "kim@acme.example"},
    "channel": "call",
    "on": "2026-11-20",
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret key of the service."""
    monkeypatch.setenv("NOMAYBE_SECRET_KEY", "s" * 40)


@pytest.fixture
def without_key(monkeypatch: pytest.MonkeyPatch, key: None) -> None:  # noqa: ARG001  # comes first
    """No secret key at all."""
    monkeypatch.delenv("NOMAYBE_SECRET_KEY")


def tamper(url: str, statement: str) -> None:
    """Run SQL as somebody who may do anything."""
    engine = connect(url)
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            triggers.set_aside(connection)
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))
        if connection.dialect.name == "sqlite":
            triggers.install(connection)
    engine.dispose()


class TestVerify:
    def test_of_an_empty_database(self, on_file: Run) -> None:
        result = on_file("verify")

        assert result.exit_code == 0
        assert result.stdout.endswith(f"0:{'0' * 64}\n")

    def test_prints_what_it_takes_as_a_checkpoint(self, on_file: Run, make: Make) -> None:
        make.response(make.ask(), told=TOLD)
        first = on_file("verify")
        written = first.stdout.splitlines()[-1]
        make.response(make.ask())

        later = on_file("verify", "--checkpoint", written)

        assert first.exit_code == later.exit_code == 0
        assert first.stdout.startswith("2 records are right.")
        assert re.fullmatch("2:[0-9a-f]{64}", written)
        assert later.stdout.startswith("3 records are right.")

    def test_names_what_was_changed(self, on_file: Run, make: Make, database_url: str) -> None:
        made = make.response(make.ask())
        tamper(database_url, "UPDATE response SET message = 'Yes.'")

        result = on_file("verify")

        assert result.exit_code == 1
        assert f"nomaybe: Number 1, the response {made.id}, was changed" in result.stderr
        assert result.stdout == ""

    def test_names_a_chain_that_was_cut(self, on_file: Run, make: Make, database_url: str) -> None:
        make.response(make.ask())
        make.response(make.ask())
        written = on_file("verify").stdout.splitlines()[-1]
        last = make.session.exec(select(ChainLink.record_id).where(ChainLink.seq == 2)).one()
        make.session.commit()
        word = last.hex if "sqlite" in database_url else str(last)
        tamper(database_url, "UPDATE ask SET response_id = NULL, state = 'unanswered'")
        tamper(database_url, f"DELETE FROM response WHERE id = '{word}'")  # noqa: S608  # ours
        tamper(database_url, "DELETE FROM chain_link WHERE seq = 2")

        alone, compared = on_file("verify"), on_file("verify", "--checkpoint", written)

        assert alone.exit_code == 0
        assert compared.exit_code == 1
        assert "from number 2 on it was cut off" in compared.stderr

    def test_names_a_chain_that_was_written_anew(self, on_file: Run, make: Make) -> None:
        make.response(make.ask())

        result = on_file("verify", "--checkpoint", f"1:{'ab' * 32}")

        assert result.exit_code == 1
        assert "does not have the hash of the checkpoint" in result.stderr

    @pytest.mark.parametrize("written", ["1", "0:" + "a" * 64, "1:abc", "x:" + "a" * 64])
    def test_a_checkpoint_that_is_none_is_wrong_usage(self, on_file: Run, written: str) -> None:
        result = on_file("verify", "--checkpoint", written)

        assert result.exit_code == 2
        assert "NUMBER:HASH" in result.stderr

    def test_without_a_database_it_makes_none(self, run: Run) -> None:
        result = run("verify")

        assert result.exit_code == 1
        assert "There is no database yet" in result.stderr

    def test_says_that_triggers_are_missing(
        self, on_file: Run, make: Make, database_url: str
    ) -> None:
        make.response(make.ask())
        on = "" if "sqlite" in database_url else " ON response"
        gone = next(
            each.name
            for each in triggers.triggers("sqlite" if not on else "postgresql")
            if each.table == "response"
        )
        make.session.connection().exec_driver_sql(f"DROP TRIGGER {gone}{on}")
        make.session.commit()

        result = on_file("verify")

        assert result.exit_code == 1
        assert "1 trigger(s) are missing or switched off" in result.stderr
        assert gone in result.stderr
        assert "`nomaybe migrate` puts them back" in result.stderr
        assert result.stdout.startswith("1 records are right.")

    def test_is_content_once_the_triggers_are_back(
        self, on_file: Run, make: Make, database_url: str
    ) -> None:
        make.response(make.ask())
        on = "" if "sqlite" in database_url else " ON response"
        gone = "response_no_update" if not on else "response_append_only_row"
        make.session.connection().exec_driver_sql(f"DROP TRIGGER {gone}{on}")
        make.session.commit()

        assert on_file("migrate").exit_code == 0

        assert on_file("verify").exit_code == 0


class TestWithoutTheSecretKey:
    def test_nobody_is_erased(self, on_file: Run, make: Make, without_key: None) -> None:
        make.response(make.ask(), told=TOLD)

        result = on_file("erase-contact", "kim@acme.example", "--yes")

        assert result.exit_code == 1
        assert "There is no secret key here" in result.stderr
        assert make.session.exec(select(Contact.name)).all() == ["Kim Roe"]

    def test_erasures_are_not_proved(
        self, on_file: Run, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make.response(make.ask(), told=TOLD)
        on_file("erase-contact", "kim@acme.example", "--yes")
        written = on_file("verify").stdout.splitlines()[-1]
        monkeypatch.delenv("NOMAYBE_SECRET_KEY")

        alone, compared = on_file("verify"), on_file("verify", "--checkpoint", written)

        assert alone.exit_code == 1
        assert "set NOMAYBE_SECRET_KEY" in alone.stderr
        assert compared.exit_code == 0

    def test_the_one_in_the_data_folder_does(
        self, on_file: Run, make: Make, folder: Path, without_key: None
    ) -> None:
        make.response(make.ask(), told=TOLD)
        key_in(folder / "data")

        erased = on_file("erase-contact", "kim@acme.example", "--yes")

        assert erased.exit_code == on_file("verify").exit_code == 0


class TestEraseContact:
    def test_asks_first(self, on_file: Run, make: Make) -> None:
        make.response(make.ask(), told=TOLD)

        result = on_file("erase-contact", "kim@acme.example")

        assert result.exit_code == 1
        assert "Kim Roe <kim@acme.example>" in result.stdout
        assert make.session.exec(select(Contact.name)).all() == ["Kim Roe"]

    def test_says_what_was_erased_and_the_chain_is_right(self, on_file: Run, make: Make) -> None:
        make.response(make.ask(), message="No, Kim Roe.", told=TOLD)

        result = on_file("erase-contact", "KIM@acme.example", "--yes")

        assert result.exit_code == 0
        assert result.stdout.splitlines() == [
            "1 contact",
            "1 answer whose words named them",
            "1 record of who was told",
        ]
        assert on_file("verify").stdout.startswith("5 records are right.")

    def test_again_finds_nothing(self, on_file: Run, make: Make) -> None:
        make.response(make.ask(), told=TOLD)
        on_file("erase-contact", "kim@acme.example", "--yes")

        result = on_file("erase-contact", "kim@acme.example", "--yes")

        assert result.exit_code == 0
        assert "There is nothing to erase" in result.stdout

    def test_says_which_name_it_did_not_look_for(self, on_file: Run, make: Make) -> None:
        make.response(make.ask(contact={"name": "Kim", "email": "kim@acme.example"}))

        result = on_file("erase-contact", "kim@acme.example", "--yes")

        assert "Not looked for in words: 'Kim'" in result.stderr
