"""`make docs` writes the pages under docs/ that are made from the code."""

from pathlib import Path
from typing import Any

import api.app
import api.cli  # noqa: F401  # with it, every rule that can be broken is known
from api.problems import all_errors, status_of
from services.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"
SETTINGS = """\
# Settings

<!-- Made by `make docs`; change the code instead. -->

Each is an environment variable, or a line in a file `.env` in the folder where `nomaybe` is started; the environment
wins. They are read once, when a process starts. A wrong value stops it with a message that names the setting.

| variable | default | meaning |
| --- | --- | --- |
{rows}

Behind a proxy, `FORWARDED_ALLOW_IPS` names the addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed
(`127.0.0.1` unless it is set), and `NOMAYBE_PUBLIC_URL` is the address that people and CRMs use.
"""  # noqa: E501  # lines of a page are longer
PROBLEMS = """\
# Problems

<!-- Made by `make docs`; change the code instead. -->

Every refusal is a problem as in RFC 9457: JSON of the type `application/problem+json` with `type`, `title`, `status`,
`detail`, and `errors` where fields are to blame. `type` is `/problems/<slug>`: it never changes, so that a program can
compare it, and it is a page of the service that says what follows here. `detail` is for people and may change.
{parts}"""  # noqa: E501  # likewise
PART = """
## {slug}

**{title}** ({status.value} {status.phrase}). {meaning}

*What to do:* {cure}
"""


def settings_page() -> str:
    """What an operator may set."""
    rows = [
        f"| `NOMAYBE_{name.upper()}` | {_written(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return SETTINGS.format(rows="\n".join(rows))


def _written(default: Any) -> str:
    return "not set" if default in {None, "", ()} else f"`{default}`"


def problems_page() -> str:
    """Every rule that can be broken."""
    parts = [
        PART.format(
            slug=error.slug,
            title=error.title,
            status=status_of(error),
            meaning=(error.__doc__ or "").strip().splitlines()[0],
            cure=error.cure,
        )
        for error in all_errors()
    ]
    return PROBLEMS.format(parts="".join(parts))


PAGES = {"settings.md": settings_page, "problems.md": problems_page}


def main() -> None:
    """Write them."""
    for name, made in PAGES.items():
        (DOCS / name).write_text(made(), encoding="utf-8")


if __name__ == "__main__":
    main()
