"""Proofs that nothing acknowledged is lost: kills, full disks, outages, floods.

Each has a quick form for `make test`; `make faults` sets NOMAYBE_FAULTS=long, and runs the form
whose figures CONTRIBUTING.md names.
"""

import os

LONG = os.environ.get("NOMAYBE_FAULTS") == "long"


def either(quick: int, long: int) -> int:
    """A number of the form that is asked for."""
    return long if LONG else quick
