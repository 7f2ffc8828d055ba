"""Databases for tests: SQLite, unless TEST_DATABASE_URL names a PostgreSQL server."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text

SERVER = make_url(os.environ.get("TEST_DATABASE_URL", "sqlite://"))
ON_SQLITE = SERVER.get_backend_name() == "sqlite"
_MEMORY = Path("/dev/shm")  # noqa: S108  # folders in it are made as in any other
_ROOM = 4 << 30  # bytes; containers often have less, and then the disk is as good


def scratch() -> Path:
    """Where to make and remove thousands of databases: in memory, where there is room.

    On a disk most of the time goes into that: ext4 looks twice at what was deleted just now.
    """
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if roomy else Path(tempfile.gettempdir())


@contextmanager
def database(folder: Path, template: str | None = None) -> Iterator[str]:
    """The URL of a database of one's own, empty or a copy of `template`, then dropped."""
    name = f"test_{uuid4().hex}"
    if ON_SQLITE:
        if template:
            shutil.copy(str(make_url(template).database), folder / f"{name}.db")
        yield f"sqlite:///{folder / name}.db"
        return
    server = create_engine(SERVER, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    # Copying files is four times as quick as copying through the log.
    like = f"TEMPLATE {make_url(template).database} STRATEGY FILE_COPY" if template else ""
    with server.connect() as admin:
        admin.execute(text(f"CREATE DATABASE {name} {like}"))
        try:
            yield SERVER.set(database=name).render_as_string(hide_password=False)
        finally:
            admin.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
