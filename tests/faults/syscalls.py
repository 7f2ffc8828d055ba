"""System calls of a server, counted, held or made to fail by the test that started it.

Linux lets a process have its calls answered by another one (seccomp with a listener): that needs
no rights, no compiler and no strace. A call that is watched waits until the test lets it through.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import struct
from collections import Counter
from collections.abc import Sequence
from threading import Event, Thread

SYNCS = ("fsync", "fdatasync")
WRITES = ("pwrite64",)  # by which SQLite writes, and nobody else in a server
_NUMBERS = {
    "x86_64": {"seccomp": 317, "fsync": 74, "fdatasync": 75, "pwrite64": 18},
    "aarch64": {"seccomp": 277, "fsync": 82, "fdatasync": 83, "pwrite64": 68},
}
_NO_NEW_RIGHTS, _FILTER, _LISTENER = 38, 1, 8
_RECEIVE, _ANSWER = 0xC0502100, 0xC0182101
_CALL, _SAID = "QIIi", "QqiI"
_CALL_SIZE = 80
_LET_THROUGH = 1
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ASK, _ALLOW = 0x7FC00000, 0x7FFF0000


def here() -> bool:
    """Whether this machine can watch calls."""
    return platform.system() == "Linux" and platform.machine() in _NUMBERS


def _numbers() -> dict[str, int]:
    return _NUMBERS[platform.machine()]


def watch(names: Sequence[str]) -> int:
    """From now on have these calls of this process answered by whoever holds what is returned."""
    libc = ctypes.CDLL(None, use_errno=True)
    count = len(names)
    steps = [(_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, count - at, 0, _numbers()[name]) for at, name in enumerate(names)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ASK)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    found = -1
    if libc.prctl(_NO_NEW_RIGHTS, 1, 0, 0, 0) == 0:
        found = libc.syscall(_numbers()["seccomp"], _FILTER, _LISTENER, program)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(found)


class Watched:
    """Counts the calls that are watched, and says what becomes of them.

    Attributes:
        counts: How often each was made, by name.
        error: The `errno` that they end with; 0 lets them through.
        passing: While it is not set, they wait.
    """

    def __init__(self, listener: int) -> None:
        self.counts: Counter[str] = Counter()
        self.error = 0
        self.passing = Event()
        self.passing.set()
        self._names = {number: name for name, number in _numbers().items()}
        self._listener = listener
        self._thread = Thread(target=self._answer_all, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Call when the process has ended."""
        self.passing.set()
        self._thread.join()
        os.close(self._listener)

    @property
    def syncs(self) -> int:
        """How often the disk was told to keep what was written."""
        return sum(self.counts[name] for name in SYNCS)

    def _answer_all(self) -> None:
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        while not waiting.poll()[0][1] & select.POLLHUP:
            call = bytearray(_CALL_SIZE)
            try:
                fcntl.ioctl(self._listener, _RECEIVE, call)
                key, _process, _flags, number = struct.unpack_from(_CALL, call)
                self.counts[self._names[number]] += 1
                self.passing.wait()
                said = struct.pack(_SAID, key, 0, -self.error, 0 if self.error else _LET_THROUGH)
                fcntl.ioctl(self._listener, _ANSWER, said)
            except OSError as gone:
                if gone.errno != errno.ENOENT:  # the process ended meanwhile
                    raise
