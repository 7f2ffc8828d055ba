"""`make migration m="what it does"` writes the step from the newest migration to the models."""

import sys
import tempfile
from pathlib import Path

from alembic import command

from models import migrations


def main(message: str) -> None:
    """Write a migration next to the others."""
    if not message:
        sys.exit('Say what it does: make migration m="add a note to accounts"')
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'scratch.db'}"
        migrations.upgrade(url)
        found = migrations.config(url)
        found.set_main_option(
            "file_template", "%%(year)d-%%(month).2d-%%(day).2d_%%(rev)s_%%(slug)s"
        )
        command.revision(found, message=message, autogenerate=True)


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
