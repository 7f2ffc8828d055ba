"""Many writers at once, in a process of their own, with a ledger of what was acknowledged.

`python -m tests.faults.sender '{"ports": [...], ...}'` logs asks and writes a line of JSON into
the ledger for each answer, as it comes: status, external id, id of the ask.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

WRITERS = 32
SHARE = 8  # asks in a row that name the same new domain
TWICE = 10  # each tenth ask is sent twice at once


def body_of(job: dict[str, Any], number: int) -> dict[str, Any]:
    """The ask of a number: its external id is its own, its domain is shared with others."""
    domain = f"{job['run']}-{number // SHARE}.example"
    return {
        "account": {"domain": domain, "name": domain},
        "product_id": job["product_id"],
        "title": f"Ask {number}",
        "external_id": f"{job['run']}-{number}",
    }


async def post(port: int, job: dict[str, Any], body: dict[str, Any], ledger: TextIO) -> None:
    """Log one ask over a line of its own, which no server can close as idle; note the answer."""
    content = json.dumps(body).encode()
    head = (
        "POST /api/v1/asks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {job['key']}\r\nContent-Length: {len(content)}\r\n"
        "Connection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode() + content)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = answer.partition("content-length:")[2].partition("\r\n")[0]
        found = json.loads(await reader.readexactly(int(length)))
    finally:
        writer.close()
    entry = {
        "status": int(answer.split()[1]),
        "external_id": body["external_id"],
        "id": found.get("id"),
        "detail": found.get("detail"),
    }
    ledger.write(json.dumps(entry) + "\n")
    ledger.flush()


async def write(job: dict[str, Any], numbers: Iterator[int], ledger: TextIO) -> bool:
    """One writer, in turn to each server; False if it was cut off."""
    ports = (job["ports"] * 2)[:2]
    try:
        for number in numbers:
            body = body_of(job, number)
            chosen = ports if number % TWICE == 0 else [ports[number % 2]]
            await asyncio.gather(*(post(port, job, body, ledger) for port in chosen))
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    return True


async def run(job: dict[str, Any], ledger: TextIO) -> bool:
    """Log `job["asks"]` asks; False if any writer was cut off."""
    numbers = iter(range(job["asks"]))
    return all(await asyncio.gather(*(write(job, numbers, ledger) for _ in range(WRITERS))))


def main(job: dict[str, Any]) -> int:
    """Do what the job says, and give the exit status."""
    with Path(job["ledger"]).open("a") as ledger:
        return 0 if asyncio.run(run(job, ledger)) else 1


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
