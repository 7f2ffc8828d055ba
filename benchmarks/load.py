"""Load: as many requests as a few connections can send in some seconds, from this process alone.

`python -m benchmarks.load '{"port": ..., ...}'` prints one JSON object: requests answered 2xx,
failures, seconds, and the times of the answers in milliseconds.
"""

import asyncio
import itertools
import json
import sys
import time
from typing import Any
from uuid import uuid4


def request(job: dict[str, Any], number: int) -> bytes:
    """One request as bytes. `{n}` in the body becomes a number that never comes twice."""
    body: bytes = job.get("body", "").replace("{n}", f"{number}-{job['run']}").encode()
    head = [
        f"{job['method']} {job['path']} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {job['key']}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> int:
    """Send one request, read its answer whole; its status."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(
        int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")
    )
    if length:
        await reader.readexactly(length)
    return int(lines[0].split()[1])


async def connection(
    job: dict[str, Any], numbers: "itertools.count[int]", end: float, times: list[float]
) -> int:
    """One connection's requests until the end; how many failed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", job["port"], limit=2**24)
    failed = 0
    while time.perf_counter() < end:
        sent = request(job, next(numbers))
        started = time.perf_counter()
        status = await exchange(reader, writer, sent)
        times.append(time.perf_counter() - started)
        failed += status // 100 != 2  # noqa: PLR2004
    writer.close()
    return failed


async def main(job: dict[str, Any]) -> dict[str, Any]:
    """Run the load that `job` describes."""
    job["run"] = uuid4().hex[:8]
    numbers: itertools.count[int] = itertools.count()
    times: list[float] = []
    started = time.perf_counter()
    end = started + job["seconds"]
    failed = await asyncio.gather(
        *(connection(job, numbers, end, times) for _ in range(job["connections"]))
    )
    seconds = time.perf_counter() - started
    milliseconds = sorted(round(1000 * each, 2) for each in times)
    return {
        "good": len(times) - sum(failed),
        "failed": sum(failed),
        "seconds": seconds,
        "p50": milliseconds[len(milliseconds) // 2],
        "p95": milliseconds[int(len(milliseconds) * 0.95)],
        "p99": milliseconds[int(len(milliseconds) * 0.99)],
        "most": milliseconds[-1],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))))
