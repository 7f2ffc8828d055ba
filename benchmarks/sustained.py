"""Deliveries as fast as they are taken, for a minute, while the worker beside reads them.

The floor stores them and reads nothing. `--quick` takes ten seconds.
"""

import json
import tempfile
import urllib.request
from typing import Any

from benchmarks import serving
from benchmarks.rows import seed

CASE = "receive and read"
A_SECOND = 300


def measure(database: str, *, quick: bool) -> dict[str, Any]:
    """The rate, the times of the acknowledgements, and the ratio to the floor."""
    seconds = 10 if quick else 60
    with serving.database(database) as url, tempfile.TemporaryDirectory() as home:
        seeded = seed(url, asks=1000, accounts=100, features=20)
        ask = {"account": {"id": str(seeded.account)}, "title": "SSO", "external_id": "{n}"}
        job = {
            "method": "POST", "path": f"/hooks/generic/{serving.connector(url)}",
            "key": serving.SECRET, "body": json.dumps(ask),
        }  # fmt: skip
        told = serving.environment(url, home)
        with serving.server("floor", url, environment=told) as (port, _pid):
            least = serving.load(job, port, seconds / 6)
        with serving.server("nomaybe", environment=told) as (port, _pid):
            serving.load(job, port, 1)  # warm
            before = _waiting(port)
            done = serving.load(job, port, seconds)
            read = done["good"] - (_waiting(port) - before)
    rate, floor = done["good"] / done["seconds"], least["good"] / least["seconds"]
    found = {
        "database": database,
        "case": CASE,
        "ratio": round(rate / floor, 3),
        "product_per_second": round(rate),
        "floor_per_second": round(floor),
        "target_per_second": A_SECOND,
        "read_per_second": round(read / done["seconds"]),
        "p99_ms": done["p99"],
        "most_ms": done["most"],
        "failed": done["failed"],
    }
    print(
        f"{database:10} {CASE:20} {rate:.0f} /s for {seconds} s (target {A_SECOND}),"
        f" {found['read_per_second']} /s read meanwhile; p99 {done['p99']} ms, most"
        f" {done['most']} ms; ratio {found['ratio']:.2f} of {floor:.0f} /s without reading,"
        f" failed {done['failed']}",
        flush=True,
    )
    return found


def _waiting(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
        return int(json.load(answer)["waiting"])
