"""How a server is started: one to an SQLite file, on a free port, stopped without haste."""

import fcntl
import gc
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import uvicorn

from api.terminal import Refused

GRACE = 18  # seconds that requests under way have to end


@contextmanager
def only_one(file: Path) -> Iterator[None]:
    """Keep other servers from an SQLite file; the system lets go of it however this one ends.

    Raises:
        Refused: Another server has it.
    """
    with file.with_name(f"{file.name}.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise Refused(
                f"Another server works on {file} already (process {lock.read().strip() or '?'})."
                " Stop it first, or use PostgreSQL, where several may."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 chooses a free one.

    Raises:
        Refused: The address is not one of this machine, or the port is in use.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except socket.gaierror:
        raise Refused(f"--host {host} is no address of this machine.") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        raise Refused(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose another one with"
            " --port."
        ) from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The address under which a browser on this machine reaches it."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # it is compared
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Says that it is not ready any more, before it stops."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.config.app.state.stopping = True  # type: ignore[union-attr]  # it is our application
        super().handle_exit(sig, frame)


def _leave(_signal: int, _frame: Any) -> NoReturn:
    raise SystemExit(0)


def serve(app: Any, listening: socket.socket) -> None:
    """Serve an application until a signal says stop; requests under way are let to end.

    Raises:
        Refused: It did not start.
    """
    # Forwarded headers count from 127.0.0.1, or from what FORWARDED_ALLOW_IPS names.
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE,
        )
    )
    # What is loaded by now stays to the end: looked through again, it stops a request for 150 ms.
    gc.collect()
    gc.freeze()
    # Uvicorn stops gracefully, and then sends itself the signal again: that is a good end.
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    except SystemExit as ended:
        if ended.code:
            raise Refused("The server did not start; the lines above say why.") from None
    finally:
        signal.signal(signal.SIGTERM, before)
