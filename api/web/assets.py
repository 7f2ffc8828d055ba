"""The files that pages need, under names made from their content: kept by browsers for ever."""

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response

from services.errors import NotFound

router = APIRouter()

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def names() -> dict[str, str]:
    """The public name of each file: `style.css` is `style.<12 hex digits>.css`."""
    found = {}
    for file in sorted(FOLDER.iterdir()):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        found[file.name] = f"{file.stem}.{digest}{file.suffix}"
    return found


def address(name: str) -> str:
    """Where a file is served.

    Raises:
        KeyError: There is no such file.
    """
    return f"/static/{names()[name]}"


@cache
def _contents() -> dict[str, tuple[bytes, str]]:
    return {
        public: ((FOLDER / name).read_bytes(), MEDIA_TYPES[Path(name).suffix])
        for name, public in names().items()
    }


@router.get("/static/{name}")
def get_asset(name: str) -> Response:
    """A file that never changes: another content has another name."""
    found = _contents().get(name)
    if found is None:
        raise NotFound("There is no such file; reload the page that asked for it.")
    content, media_type = found
    return Response(content, media_type=media_type, headers=FOR_EVER)


@router.get("/favicon.ico")
def get_icon() -> Response:
    """The icon, where browsers look for one that no page named."""
    content, media_type = _contents()[names()["favicon.svg"]]
    return Response(content, media_type=media_type, headers={"Cache-Control": "max-age=86400"})
