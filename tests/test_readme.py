"""The tour of the README works as pasted, against a demo in an empty folder."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.databases import ON_SQLITE
from tests.processes import NOMAYBE, ROOT, SECONDS, environment, running

BLOCK = re.compile(r"^```sh tour\n(.*?)^```$", re.MULTILINE | re.DOTALL)
pytestmark = [pytest.mark.slow, pytest.mark.once]


def tour(url: str) -> str:
    """The blocks of the tour as one script, for a server at `url` and this interpreter."""
    blocks = BLOCK.findall((ROOT / "README.md").read_text())
    script = "\n".join(["set -euo pipefail", *blocks])
    return script.replace("http://127.0.0.1:8000", url).replace(
        ".venv/bin/nomaybe", shlex.join(NOMAYBE)
    )


@pytest.mark.skipif(not shutil.which("curl"), reason="the tour is made with curl")
@pytest.mark.skipif(not shutil.which("bash"), reason="the tour is made in bash")
def test_the_tour_works_as_pasted(database_url: str, tmp_path: Path) -> None:
    settings = {} if ON_SQLITE else {"NOMAYBE_DATABASE_URL": database_url}
    folder = tmp_path / "empty"
    folder.mkdir()

    with running(folder, "demo", "--size", "120", **settings) as url:
        done = subprocess.run(  # noqa: S603  # the README's own commands
            ["bash", "-c", tour(url)],  # noqa: S607  # whichever bash a reader has
            cwd=folder,
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
    due, feature, because, refused, suggestion, kind, title, evidence, message, *report = (
        done.stdout.splitlines()
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", due)
    assert re.fullmatch(r"[0-9a-f-]{36}", feature)
    assert "is declined" in because
    assert "There is no maybe" in refused
    assert suggestion.startswith("not planned")
    assert kind == "no"
    assert title
    assert evidence == "Installation on our servers"
    assert message == "No: we will not build an installation on your servers."
    assert any(re.match(r"\d+ asks, ", line) for line in report)
