"""The command line: what it prints, and the status that it ends with."""

import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from api import serving
from api.terminal import Refused
from models import migrations
from models.database import connect
from models.user import ApiKey, Role, Scope
from services import health, sign_in
from services.sign_in import LinkSpent
from tests.api.cli.conftest import Run
from tests.databases import ON_SQLITE, database
from tests.factories import Make


def error_of(result: Any) -> str:
    """What a command that failed said; a traceback is no sentence."""
    assert not result.exception or isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    said: str = result.stderr
    return said


# What to do next


def test_in_an_empty_folder_it_points_at_demo_and_serve(run: Run, folder: Path) -> None:
    result = run()

    assert result.exit_code == 0
    assert "nomaybe demo" in result.output
    assert "nomaybe serve" in result.output
    assert not (folder / "data").exists()


def test_it_tells_its_version_even_with_wrong_settings(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOMAYBE_THREADS", "many")

    result = run("--version")

    assert (result.exit_code, result.output) == (0, f"nomaybe {version('nomaybe')}\n")


def test_on_an_empty_database_it_points_at_import(on_file: Run) -> None:
    result = on_file()

    assert "nomaybe import features FILE" in result.output


def test_on_a_database_with_data_it_points_at_serve(on_file: Run, make: Make) -> None:
    make.account()

    result = on_file()

    assert "nomaybe serve" in result.output
    assert "nomaybe demo" not in result.output


def test_on_a_database_behind_it_points_at_migrate(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database(folder) as url:
        engine = connect(url)
        engine.connect().close()
        engine.dispose()
        monkeypatch.setenv("NOMAYBE_DATABASE_URL", url)

        result = run()

    assert "nomaybe migrate" in result.output


# Settings


def test_a_wrong_setting_is_named_and_a_secret_one_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOMAYBE_ANSWER_DAYS", "soon")
    monkeypatch.setenv("NOMAYBE_SECRET_KEY", "hunter2")

    result = run("migrate")

    said = error_of(result)
    assert result.exit_code == 2
    assert "NOMAYBE_ANSWER_DAYS: " in said
    assert "NOMAYBE_SECRET_KEY: " in said
    assert "hunter2" not in said


def test_settings_come_from_an_env_file(run: Run, folder: Path) -> None:
    (folder / ".env").write_text("NOMAYBE_CURRENCY=DOUBLOON\n")

    result = run()

    assert result.exit_code == 2
    assert "NOMAYBE_CURRENCY: " in error_of(result)


def test_an_env_file_that_is_no_text_is_wrong(run: Run, folder: Path) -> None:
    (folder / ".env").write_bytes(b"NOMAYBE_CURRENCY=\xff\xfe\n")

    result = run()

    assert result.exit_code == 2
    assert ".env" in error_of(result)


def test_a_database_in_memory_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOMAYBE_DATABASE_URL", "sqlite:///:memory:")

    result = run("migrate")

    assert result.exit_code == 2
    assert "NOMAYBE_DATABASE_URL must name a file" in error_of(result)


def test_a_server_that_is_not_there_is_told_without_the_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOMAYBE_DATABASE_URL", "postgresql://kim:hunter2@127.0.0.1:1/none")

    result = run("migrate")

    said = error_of(result)
    assert result.exit_code == 1
    assert "The database cannot be used" in said
    assert "hunter2" not in said


def test_a_file_that_is_no_database_is_told(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "notes.db"
    file.write_text("These are my notes, and no database at all." * 30)
    monkeypatch.setenv("NOMAYBE_DATABASE_URL", f"sqlite:///{file}")

    result = run("migrate")

    assert result.exit_code == 1
    assert "The database cannot be used" in error_of(result)


def test_a_data_folder_that_cannot_be_made_is_told(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "file").write_text("")
    monkeypatch.setenv("NOMAYBE_DATA_DIR", str(folder / "file" / "data"))

    result = run("migrate")

    assert result.exit_code == 1
    assert str(folder / "file") in error_of(result)


def test_an_unknown_option_is_wrong_usage(run: Run) -> None:
    result = run("migrate", "--nonsense")

    assert result.exit_code == 2


# Migrating


def test_migrate_brings_an_empty_database_up_to_date(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database(folder) as url:
        monkeypatch.setenv("NOMAYBE_DATABASE_URL", url)

        result = run("migrate")

        engine = connect(url)
        with Session(engine) as session:
            assert health.revision(session) == migrations.head()
            assert health.lost_triggers(session) == set()
        engine.dispose()
    assert result.exit_code == 0


def test_migrate_again_changes_nothing(on_file: Run) -> None:
    on_file("migrate")

    result = on_file("migrate")

    assert result.exit_code == 0


@pytest.mark.skipif(ON_SQLITE, reason="an SQLite file is brought up to date without asking")
@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("demo", "--port", "0"), ("worker",)]
)
def test_a_server_does_not_migrate_postgresql_unasked(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    with database(folder) as url:
        monkeypatch.setenv("NOMAYBE_DATABASE_URL", url)

        result = run(*command)

    assert result.exit_code == 1
    assert "`nomaybe migrate`" in error_of(result)


# People and keys


def test_a_new_person_gets_a_link_that_works_once(on_file: Run, session: Session) -> None:
    result = on_file("user", "add", "Kim@acme.example", "--name", "Kim", "--role", "pm")

    token = result.stdout.strip().rpartition("/sign-in/")[2]
    kim = sign_in.use_link(session, token)
    assert (kim.email, kim.role) == ("kim@acme.example", Role.pm)
    with pytest.raises(LinkSpent):
        sign_in.use_link(session, token)


def test_a_link_begins_with_the_public_address(
    on_file: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOMAYBE_PUBLIC_URL", "https://asks.acme.example/")

    result = on_file("user", "add", "kim@acme.example", "--name", "Kim", "--role", "pm")

    assert result.stdout.startswith("https://asks.acme.example/sign-in/")


def test_a_person_can_get_another_link(on_file: Run, session: Session, make: Make) -> None:
    user = make.user()

    result = on_file("user", "link", user.email)

    token = result.stdout.strip().rpartition("/sign-in/")[2]
    assert sign_in.use_link(session, token).id == user.id


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("user", "add", "kim", "--name", "Kim", "--role", "pm"), 2, "email: 'kim' is no e-mail"),
        (("user", "add", "taken@acme.example", "--name", "K", "--role", "pm"), 1, "already"),
        (("user", "add", "k@acme.example", "--name", "K", "--role", "king"), 2, "king"),
        (("user", "link", "nobody@acme.example"), 1, "Nobody has the e-mail"),
        (("user", "link", "gone@acme.example"), 1, "is not active"),
        (("key", "create", "--user", "gone@acme.example", "--name", "k"), 1, "is not active"),
        (("key", "create", "--user", "taken@acme.example", "--name", ""), 2, "name: "),
    ],
)
def test_who_cannot_be_added_or_found_is_told(
    on_file: Run, session: Session, make: Make, words: tuple[str, ...], status: int, said: str
) -> None:
    make.user(email="taken@acme.example")
    make.user(email="gone@acme.example").active = False
    session.commit()

    result = on_file(*words)

    assert result.exit_code == status
    assert said in error_of(result)


def test_a_key_is_printed_alone_and_works(on_file: Run, anybody: TestClient, make: Make) -> None:
    user = make.user(Role.pm)

    result = on_file("key", "create", "--user", user.email, "--name", "a script")

    [key] = result.stdout.split()
    me = anybody.get("/api/v1/me", headers={"Authorization": f"Bearer {key}"}).json()
    assert me["email"] == user.email


def test_a_key_has_the_scopes_that_are_named(on_file: Run, session: Session, make: Make) -> None:
    user = make.user()

    on_file(
        "key", "create", "--user", user.email, "--name", "k",
        "--scope", "asks:read", "--scope", "demand:read",
    )  # fmt: skip

    assert session.exec(select(ApiKey.scopes)).one() == ["asks:read", "demand:read"]


def test_a_key_without_scopes_has_all(on_file: Run, session: Session, make: Make) -> None:
    user = make.user()

    on_file("key", "create", "--user", user.email, "--name", "k")

    assert session.exec(select(ApiKey.scopes)).one() == sorted(Scope)


# Serving


def test_a_second_server_on_the_same_file_is_refused(folder: Path) -> None:
    file = folder / "nomaybe.db"

    with (
        serving.only_one(file),
        pytest.raises(Refused, match="Another server works on"),
        serving.only_one(file),
    ):
        pass


def test_a_file_is_free_again_once_its_server_has_ended(folder: Path) -> None:
    file = folder / "nomaybe.db"
    with serving.only_one(file):
        pass

    with serving.only_one(file):
        assert file.with_name("nomaybe.db.lock").read_text().isdigit()


@pytest.mark.skipif(not ON_SQLITE, reason="PostgreSQL keeps migrations apart by itself")
def test_a_file_in_use_is_not_migrated(run: Run, folder: Path) -> None:
    (folder / "data").mkdir()

    with serving.only_one(folder / "data" / "nomaybe.db"):
        result = run("migrate")

    assert result.exit_code == 1
    assert "Another server works on" in error_of(result)


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(Refused, match=f"Cannot listen on 127.0.0.1 port {port}"):
            serving.listen("127.0.0.1", port)


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="is no address of this machine"):
        serving.listen("no such host", 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])  # noqa: S104  # for a moment
def test_a_server_tells_an_address_that_a_browser_reaches(host: str) -> None:
    with serving.listen(host, 0) as listening:
        found = serving.address_of(listening)

        assert found == f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_application_that_does_not_start_is_told() -> None:
    async def broken(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with (
        serving.listen("127.0.0.1", 0) as listening,
        pytest.raises(Refused, match="did not start"),
    ):
        serving.serve(broken, listening)
