"""Disks with little room, for the long forms: to mount one needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import LONG

needed = pytest.mark.skipif(
    not LONG or os.geteuid() != 0,
    reason="the long form, as root: in the short one the system only says that a disk is full",
)


@dataclass(frozen=True)
class Disk:
    """A file system in memory."""

    folder: Path

    def resize(self, size: str) -> None:
        """Give it room."""
        _run("mount", "-o", f"remount,size={size}", self.folder)


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Disk]:
    """One of that size, until the block ends."""
    folder.mkdir()
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "nomaybe", folder)
    try:
        yield Disk(folder)
    finally:
        _run("umount", folder)


def _run(*words: str | Path) -> None:
    subprocess.run(words, check=True)  # noqa: S603  # mount, and our own folders
