"""The history of the database: where it lies, what its newest step is, how to get there."""

from functools import cache
from pathlib import Path
from typing import Any


def folder() -> Path:
    """The folder of migrations: inside the wheel, or at the root of a checkout."""
    packaged = Path(__file__).parent / "_alembic"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "alembic"


def config(url: str) -> Any:
    """Alembic's configuration for the database at `url`."""
    from alembic.config import Config  # noqa: PLC0415  # it takes a second to import

    found = Config()
    found.set_main_option("script_location", str(folder()))
    found.attributes["url"] = url
    return found


@cache
def head() -> str:
    """The newest migration."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # it takes a second to import

    newest = ScriptDirectory.from_config(config("")).get_current_head()
    if newest is None:
        raise LookupError(f"there are no migrations in {folder()}")
    return newest


def upgrade(url: str) -> None:
    """Bring the database at `url` up to date; all steps are done, or none."""
    from alembic import command  # noqa: PLC0415  # it takes a second to import

    command.upgrade(config(url), "head")
