"""The command line: `nomaybe`. It opens sessions and ends transactions, as requests do."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlmodel import Session

from api import cli_reconcile, digests, proof, report, serving, terminal
from api.terminal import Misused, Refused
from models import migrations
from models.database import check_settings, collided, connect, read_only
from models.user import ApiKeyNew, Role, Scope, User, UserNew
from services import api_keys, demo, finding, health, importing, sheets, sign_in, users
from services.importing import Did, Kind
from services.settings import Settings

Shaped = TypeVar("Shaped")

CHUNK = 200  # rows of an import in one transaction: others write in between

main = typer.Typer(
    cls=terminal.Commands,
    add_completion=False,
    pretty_exceptions_enable=False,  # they would show values, and some of them are secrets
    help="Nomaybe: every feature request ends in an answer, and never in a maybe.",
)
user = typer.Typer(cls=terminal.Commands, no_args_is_help=True, help="The people who sign in.")
key = typer.Typer(cls=terminal.Commands, no_args_is_help=True, help="The keys of machines.")
main.add_typer(user, name="user")
main.add_typer(key, name="key")

Host = Annotated[str, typer.Option(help="The address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 chooses a free one.")]


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        faults = terminal.faults_of(error)
    except (SettingsError, UnicodeError, OSError) as error:
        raise Misused(f".env or the environment cannot be read: {error}") from None
    lines = [f"NOMAYBE_{name.partition('.')[0].upper()}: {said}" for name, said in faults]
    raise Misused("\n".join(["these settings are wrong.", *lines]))


def _shape(shape: Callable[..., Shaped], **values: Any) -> Shaped:
    """What was typed, as one of our shapes."""
    try:
        return shape(**values)
    except ValidationError as error:
        faults = terminal.faults_of(error)
    raise Misused("; ".join(f"{name}: {said}" for name, said in faults))


def _sqlite_file(settings: Settings) -> Path | None:
    """The SQLite file, or None on PostgreSQL."""
    if not settings.database.startswith("sqlite"):
        return None
    path = settings.database.removeprefix("sqlite:///").partition("?")[0]
    if path in {"", ":memory:"}:
        raise Misused("NOMAYBE_DATABASE_URL must name a file, sqlite:///data/nomaybe.db")
    return Path(path)


@contextmanager
def _session(settings: Settings, *, reading: bool = False) -> Iterator[Session]:
    """A session that commits at its end: the one place where the command line opens any."""
    engine = connect(settings.database, pool_size=1)
    try:
        with Session(read_only(engine) if reading else engine, expire_on_commit=False) as session:
            yield session
            session.commit()
    finally:
        engine.dispose()


def _prepare(settings: Settings, *, migrate: bool = False, serving_it: bool = False) -> None:
    """Make sure that the database is there and up to date, and keeps what it acknowledges."""
    file = _sqlite_file(settings)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _session(settings) as session:
        found, lost = health.revision(session), set[str]()
        if found == migrations.head():
            lost = health.lost_triggers(session)
    if found != migrations.head() or lost:
        if file is None and not migrate:
            stands = f"stands at migration {found}" if found else "was never migrated"
            stands = f"lacks {len(lost)} trigger(s)" if lost else stands
            raise Refused(
                f"The database {stands}, and this version needs {migrations.head()}. Run"
                " `nomaybe migrate` first, or serve with --migrate."
            )
        # No other server may run on the file meanwhile; whoever serves it holds it already.
        with serving.only_one(file) if file and not serving_it else ExitStack():
            migrations.upgrade(settings.database)
    engine = connect(settings.database, pool_size=1)
    try:
        check_settings(engine)
    finally:
        engine.dispose()


def _link(settings: Settings, session: Session, person: User) -> str:
    """The address of a page that signs a person in, once."""
    return f"{settings.policy.public_url}/sign-in/{sign_in.new_link(session, person)}"


@main.callback(invoke_without_command=True)
def what_next(context: typer.Context, *, _version: terminal.Version = False) -> None:
    """Nomaybe: every feature request ends in an answer, and never in a maybe."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()
    file = _sqlite_file(settings)
    typer.echo(_advice(settings) if file is None or file.exists() else _start(file))
    typer.echo("\nAll commands: nomaybe --help")


def _start(file: Path) -> str:
    return (
        f"There is no database yet; it will be {file}.\n\n"
        "  nomaybe demo     look around with invented data\n"
        "  nomaybe serve    start with your own"
    )


def _advice(settings: Settings) -> str:
    with _session(settings) as session:
        if health.revision(session) != migrations.head():
            return "The database is not up to date.\n\n  nomaybe migrate    bring it up to date"
        if not demo.is_empty(session):
            return "The database holds data.\n\n  nomaybe serve    serve it"
    return (
        "The database is empty.\n\n"
        "  nomaybe demo                    fill it with invented data, and look around\n"
        "  nomaybe import features FILE    bring in your own: features, accounts,\n"
        "                                  opportunities and asks, from CSV or XLSX\n"
        "  nomaybe serve                   serve it, and sign in"
    )


@contextmanager
def _server(settings: Settings, host: str, port: int, *, migrate: bool) -> Iterator[Any]:
    """What every server holds while it runs: its file, its port, and its own address."""
    with ExitStack() as held:
        file = _sqlite_file(settings)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            held.enter_context(serving.only_one(file))
        listening = held.enter_context(serving.listen(host, port))
        _prepare(settings, migrate=migrate, serving_it=True)
        if "public_url" not in settings.model_fields_set:
            own = {"public_url": serving.address_of(listening)}
            settings = settings.model_copy(update=own)
        yield settings, listening


def _where(settings: Settings, listening: Any) -> str:
    own, public = serving.address_of(listening), settings.policy.public_url
    return public if public == own else f"{public}, listening on {own}"


def _run(settings: Settings, listening: Any, *, with_worker: bool, invented: bool = False) -> None:
    from api.app import create_app  # noqa: PLC0415  # it takes a second to import
    from api.observing import set_up_logging  # noqa: PLC0415  # likewise

    set_up_logging(settings.log_level)
    serving.serve(create_app(settings, worker=with_worker, demo=invented), listening)


def _first_start(settings: Settings) -> tuple[User | None, str | None]:
    """On a service without people, its first administrator and a link; else nothing."""
    try:
        with _session(settings) as session:
            first = users.first_user(session)
            return first, _link(settings, session, first) if first else None
    except Exception as error:
        if collided(error):  # another server that starts at this moment made them
            return None, None
        raise


@main.command()
def serve(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring a PostgreSQL database up to date first.")
    ] = False,
    worker: Annotated[
        bool, typer.Option(" /--no-worker", help="Leave deliveries to `nomaybe worker`.")
    ] = True,
) -> None:
    """Serve, and read deliveries beside it. An SQLite file is made and kept up to date."""
    with _server(_settings(), host, port, migrate=migrate) as (settings, listening):
        first, link = _first_start(settings)
        typer.echo(f"Nomaybe runs at {_where(settings, listening)}")
        if first is not None:
            typer.echo(
                f"Sign in as its first administrator; the link works once:\n{link}\n"
                f"For another one: nomaybe user link {first.email}"
            )
        _run(settings, listening, with_worker=worker)


@main.command(name="demo")
def show_demo(
    *,
    size: Annotated[
        int, typer.Option(min=1, max=200_000, help="How many asks; accounts go along.")
    ] = demo.ASKS,
    seed: Annotated[int, typer.Option(help="Another seed gives other data.")] = 1,
    host: Host = "127.0.0.1",
    port: Port = 8000,
) -> None:
    """Fill an empty database with invented data, and serve it. With data in it, only serve it."""
    with _server(_settings(), host, port, migrate=False) as (settings, listening):
        with _session(settings) as session:
            empty = demo.is_empty(session)
            if empty:
                # One transaction: a demo that was interrupted leaves nothing behind.
                with terminal.progress("Demo data") as advance:
                    for done, steps in demo.fill(session, settings.policy, size=size, seed=seed):
                        advance(done, steps)
            links = [(each, _link(settings, session, each)) for each in demo.guests(session)]
        held = "invented data" if empty else "the data that it held already; nothing was added"
        typer.echo(f"Nomaybe runs at {_where(settings, listening)}\nIt serves {held}.")
        if links:
            typer.echo("\nSign in; each link works once:\n")
        for guest, link in links:
            typer.echo(f"  {guest.name}, {guest.role}\n  {link}\n")
        typer.echo("Stop it with Ctrl-C.")
        _run(settings, listening, with_worker=True, invented=True)


@main.command()
def worker() -> None:
    """Read deliveries until told to stop: for servers that run with --no-worker."""
    from api import worker as reading  # noqa: PLC0415  # other commands need none
    from api.observing import set_up_logging  # noqa: PLC0415  # other commands need none

    settings = _settings()
    _prepare(settings)
    set_up_logging(settings.log_level)
    reading.run(settings)


@main.command()
def migrate() -> None:
    """Bring the database up to date."""
    _prepare(_settings(), migrate=True)
    typer.echo(f"The database is up to date: {migrations.head()}.")


@user.command("add")
def add_user(
    email: Annotated[str, typer.Argument(help="Their e-mail address.")],
    name: Annotated[str, typer.Option(help="Their name.")],
    role: Annotated[Role, typer.Option(help="What they do here.")],
) -> None:
    """Add a person, and print a link that signs them in once."""
    settings = _settings()
    new = _shape(UserNew, email=email, name=name, role=role)
    _prepare(settings)
    with _session(settings) as session:
        link = _link(settings, session, users.add_user(session, new))
    typer.echo(link)


@user.command("link")
def link_user(email: Annotated[str, typer.Argument(help="Their e-mail address.")]) -> None:
    """Print a new link that signs a person in once, within a day."""
    settings = _settings()
    _prepare(settings)
    with _session(settings) as session:
        link = _link(settings, session, finding.person(session, email))
    typer.echo(link)


@key.command("create")
def create_key(
    email: Annotated[str, typer.Option("--user", help="Whose key; it can do no more than they.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[
        list[Scope] | None, typer.Option(help="What it may do; all, if none is given.")
    ] = None,
) -> None:
    """Print a new key. It is shown this once, and kept only as a hash."""
    settings = _settings()
    new = _shape(ApiKeyNew, name=name, **({"scopes": scope} if scope else {}))
    _prepare(settings)
    with _session(settings) as session:
        made = api_keys.add_key(session, finding.person(session, email), new)
    typer.echo(made.secret)


@contextmanager
def _reading() -> Iterator[Any]:
    with _writing() as (session, settings):
        yield session, users.caller_for(finding.person(session, None)), settings.policy


@contextmanager
def _writing() -> Iterator[Any]:
    settings = _settings()
    _prepare(settings)
    with _session(settings) as session:
        yield session, settings


@contextmanager
def _looking() -> Iterator[Any]:
    """One snapshot of a database that is up to date, in which nothing can be written."""
    settings = _settings()
    file = _sqlite_file(settings)
    if file is not None and not file.exists():
        raise Refused(f"There is no database yet: {file} is not there.")
    with _session(settings, reading=True) as session:
        if health.revision(session) != migrations.head():
            raise Refused("The database is not up to date. Run `nomaybe migrate` first.")
        yield session, settings


main.command("digest")(digests.command(_settings, _prepare))
main.command("report")(report.command(_reading))
main.command("reconcile")(cli_reconcile.command(_settings, _prepare, _session))
main.command("verify")(proof.verification(_looking))
main.command("erase-contact")(proof.erasure(_looking, _writing))


@main.command("import")
def bring_in(
    *,
    kind: Annotated[Kind, typer.Argument(help="What its rows are.")],
    file: Annotated[Path, typer.Argument(help="A .csv (UTF-8) or .xlsx file.")],
    renamed: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OURS=THEIRS", help="What one of our columns is called."),
    ] = None,
    ignored: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="COLUMN", help="A column of the file to pass over."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen, and keep nothing.")
    ] = False,
    create_products: Annotated[
        bool, typer.Option("--create-products", help="Make products that features name.")
    ] = False,
    email: Annotated[
        str | None, typer.Option("--user", help="On whose behalf; else the first administrator's.")
    ] = None,
) -> None:
    """Bring in rows of a file. Good rows go in, and each bad one is told with its line.

    Start with features and accounts, which opportunities and asks name.
    """
    settings = _settings()
    mapping = dict(_pair(each) for each in renamed or [])
    sheet = sheets.read_sheet(file)
    columns = sheets.match_columns(sheet, importing.COLUMNS[kind], mapping, ignored or [])
    _prepare(settings)
    results = []
    with _session(settings) as session:
        by = users.caller_for(finding.person(session, email))
        run = importing.Run(session, by, settings.policy, create_products)
        with terminal.progress(sheet.name) as advance:
            for done, result in enumerate(importing.bring_in(run, kind, sheet, columns), start=1):
                results.append(result)
                advance(done, len(sheet.rows))
                if done % CHUNK == 0 and not dry_run:
                    session.commit()
        if dry_run:
            session.rollback()
    terminal.tell_import(sheet.name, results, dry_run=dry_run)
    if any(result.did is Did.refused for result in results):
        raise typer.Exit(terminal.FAILED)


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not equals or not ours.strip() or not theirs.strip():
        raise Misused(f"--map {text!r} must be OURS=THEIRS, such as --map title=Summary")
    return ours, theirs


if __name__ == "__main__":
    main()
