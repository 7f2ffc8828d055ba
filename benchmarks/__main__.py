"""`make bench`: the product against the floor, in turn, on loopback; ratios, and bench.json.

Read the ratios and the CPU a request, not the requests a second: those move with the machine. CPU
used by others meanwhile is printed beside them. Options: `--quick`, `--only NAME`, `--database`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks import pages, serving, sustained
from benchmarks.rows import Seeded, seed

TICKS = os.sysconf("SC_CLK_TCK")
ONE_OFF = {"log an ask": 0.2, "list 50 asks": 0.35, "receive a delivery": 0.6}
DEMAND_LIMIT_MS = 100


def main() -> None:
    """Measure what was asked for, print it, write bench.json."""
    options = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="short rounds, fewer rows")
    options.add_argument(
        "--only", choices=[*ONE_OFF, sustained.CASE, "demand", "pages"], help="one case"
    )
    options.add_argument("--database", choices=["sqlite", "postgresql"], help="one database")
    chosen = options.parse_args()
    results = []
    for name in [chosen.database] if chosen.database else ["sqlite", "postgresql"]:
        if chosen.only in {None, sustained.CASE}:
            results.append(sustained.measure(name, quick=chosen.quick))
        if chosen.only not in {"pages", sustained.CASE}:
            with ExitStack() as stack:
                url = stack.enter_context(serving.database(name))
                results += measure(name, url, chosen, stack)
        if chosen.only in {None, "pages"}:
            results += pages.measure(name, quick=chosen.quick)
    Path("bench.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\nwritten to bench.json")


def measure(
    name: str, url: str, chosen: argparse.Namespace, stack: ExitStack
) -> list[dict[str, Any]]:
    """Every case on one database."""
    print(f"\n{name}: seeding", flush=True)
    size = {"asks": 10_000, "accounts": 1_000, "features": 100} if chosen.quick else {
        "asks": 100_000, "accounts": 5_000, "features": 500
    }  # fmt: skip
    seeded = seed(url, **size)
    connector = serving.connector(url)
    home = stack.enter_context(tempfile.TemporaryDirectory())
    told = serving.environment(url, home)
    product = stack.enter_context(serving.server("nomaybe", "--no-worker", environment=told))
    floor = stack.enter_context(serving.server("floor", url, environment=told))
    found = []
    jobs = cases(seeded, connector)
    for case, job in jobs.items():
        if chosen.only in {None, case}:
            found.append(compare(name, case, job, product, floor, quick=chosen.quick))
    if chosen.only in {None, "demand"}:
        found += demand(name, seeded, product, size["asks"], quick=chosen.quick)
    return found


def cases(seeded: Seeded, connector: str) -> dict[str, dict[str, Any]]:
    """The requests that product and floor both answer."""
    ask = {
        "account": {"id": str(seeded.account)},
        "title": "SAML single sign-on",
        "verbatim": "We cannot roll out without SAML.",
        "importance": "blocker",
        "feature_id": str(seeded.feature),
        "external_id": "{n}",
    }
    return {
        "log an ask": {
            "method": "POST", "path": "/api/v1/asks", "key": seeded.key, "body": json.dumps(ask),
        },
        "list 50 asks": {"method": "GET", "path": "/api/v1/asks", "key": seeded.key},
        "receive a delivery": {
            "method": "POST", "path": f"/hooks/generic/{connector}", "key": serving.SECRET,
            "body": json.dumps(ask),
        },
    }  # fmt: skip


def cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def busy() -> float:
    """CPU seconds that the whole machine has used."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS


def compare(  # a case, and the two that it is run on
    database_name: str,
    case: str,
    job: dict[str, Any],
    product: tuple[int, int],
    floor: tuple[int, int],
    *,
    quick: bool,
) -> dict[str, Any]:
    """Rounds of product and floor in turn; the ratio of their medians."""
    seconds, rounds = (1.5, 3) if quick else (4, 5)
    rates: dict[str, list[float]] = {"product": [], "floor": []}
    costs: dict[str, list[float]] = {"product": [], "floor": []}
    failed = 0
    serving.load(job, product[0], 1), serving.load(job, floor[0], 1)  # warm
    all_before, ours = busy(), 0.0
    for _ in range(rounds):
        for name, (port, pid) in (("product", product), ("floor", floor)):
            before = cpu(pid)
            done = serving.load(job, port, seconds)
            used = cpu(pid) - before
            ours += used
            failed += done["failed"]
            rates[name].append(done["good"] / done["seconds"])
            costs[name].append(1000 * used / max(1, done["good"]))
    pairs = [p / f for p, f in zip(rates["product"], rates["floor"], strict=True)]
    found = {
        "database": database_name,
        "case": case,
        "ratio": round(statistics.median(rates["product"]) / statistics.median(rates["floor"]), 3),
        "ratio_low": round(min(pairs), 3),
        "ratio_high": round(max(pairs), 3),
        "target": ONE_OFF[case],
        "product_per_second": round(statistics.median(rates["product"])),
        "floor_per_second": round(statistics.median(rates["floor"])),
        "product_cpu_ms": round(statistics.median(costs["product"]), 3),
        "floor_cpu_ms": round(statistics.median(costs["floor"]), 3),
        "failed": failed,
        "cpu_of_others_s": round(busy() - all_before - ours, 1),
    }
    print(
        f"{database_name:10} {case:20} ratio {found['ratio']:.2f}"
        f" ({found['ratio_low']:.2f}-{found['ratio_high']:.2f}, target {ONE_OFF[case]})"
        f"  {found['product_per_second']} of {found['floor_per_second']} /s,"
        f" CPU {found['product_cpu_ms']} and {found['floor_cpu_ms']} ms, failed {failed},"
        f" others and load {found['cpu_of_others_s']} s",
        flush=True,
    )
    return found


def demand(
    database_name: str, seeded: Seeded, product: tuple[int, int], asks: int, *, quick: bool
) -> list[dict[str, Any]]:
    """The demand report, one request at a time: alone, filtered, and with an ask logged between."""
    ask = cases(seeded, "")["log an ask"]
    found = []
    count = 50 if quick else 200
    for case, query, between in (
        ("demand", "", False),
        ("demand, one segment", "?segment=enterprise&asked_since=2026-01-01", False),
        ("demand, an ask between", "", True),
    ):
        times = []
        for number in range(count + 3):
            if between:
                body = ask["body"].replace("{n}", f"between-{number}-{time.time_ns()}")
                fetch(product[0], ask["path"], seeded.key, body.encode())
            started = time.perf_counter()
            fetch(product[0], f"/api/v1/demand{query}", seeded.key)
            times.append(1000 * (time.perf_counter() - started))
        times = sorted(times[3:])
        row = {
            "database": database_name,
            "case": f"{case} at {asks} asks",
            "p50_ms": round(times[len(times) // 2], 1),
            "p95_ms": round(times[int(len(times) * 0.95)], 1),
            "target_p95_ms": DEMAND_LIMIT_MS,
        }
        print(
            f"{database_name:10} {row['case']:40} p50 {row['p50_ms']} ms, p95 {row['p95_ms']} ms"
            f" (target {DEMAND_LIMIT_MS})",
            flush=True,
        )
        found.append(row)
    return found


def fetch(port: int, path: str, key: str, body: bytes | None = None) -> None:
    """One request; anything but 2xx is an error."""
    asked = urllib.request.Request(  # loopback
        f"http://127.0.0.1:{port}{path}",
        data=body,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked) as answer:  # noqa: S310
        answer.read()


if __name__ == "__main__":
    main()
