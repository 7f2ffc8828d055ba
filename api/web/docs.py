"""The API explained on pages that the server renders from OpenAPI: no script, nothing from afar."""

import re
from typing import Any

from fastapi import APIRouter, Request, Response
from markupsafe import Markup, escape

from api.problems import all_errors
from api.web.pages import OpenPage
from api.web.templating import render
from services.errors import NotFound

router = APIRouter(route_class=OpenPage)

METHODS = ("get", "post", "put", "patch", "delete")
_DONE = "Successful Response"  # what FastAPI says where nothing else is said
_SCHEMA = "#/components/schemas/"
_CODE = re.compile(r"`([^`]+)`")
_LIMITS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("pattern", "pattern {}"),
)
_PLAIN = {"at least 1 characters", "at least 0 characters", "at least 0 items"}  # go without saying


@router.get("/docs")
def list_operations(request: Request) -> Response:
    """What the API can do, by what it is about."""
    schema = request.app.openapi()
    return render(request, "docs.html", groups=_groups(schema), version=schema["info"]["version"])


@router.get("/docs/{tag}")
def show_operations(request: Request, tag: str) -> Response:
    """The operations on one thing, with every field that goes in or comes out."""
    schema = request.app.openapi()
    groups = _groups(schema)
    if tag not in groups:
        raise NotFound("The API has no part of this name.")
    operations = [_operation(schema, path, method) for path, method, _summary in groups[tag]]
    return render(
        request,
        "docs_tag.html",
        tag=tag,
        tags=list(groups),
        operations=operations,
        schemas=_schemas(schema, [(path, method) for path, method, _summary in groups[tag]]),
    )


def _groups(schema: dict[str, Any]) -> dict[str, list[tuple[str, str, str]]]:
    """By tag: path, method and summary of each operation, as they were declared."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                summary = item[method].get("description") or item[method].get("summary", "")
                found.setdefault(tag, []).append((path, method, summary.partition("\n")[0]))
    return found


def _operation(schema: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    operation = schema["paths"][path][method]
    body = operation.get("requestBody")
    return {
        "anchor": f"{method}-{re.sub(r'[^a-z0-9]+', '-', path.lower()).strip('-')}",
        "method": method.upper(),
        "path": path,
        "description": operation.get("description") or operation.get("summary", ""),
        "parameters": [
            _field(each["name"], each["schema"], each.get("required", False), where=each["in"])
            | {"description": _said(each.get("description") or _description(each["schema"]))}
            for each in operation.get("parameters", ())
        ],
        "body": _contents(body) if body else None,
        "answers": [
            {
                "status": status,
                "description": _said(answer.get("description", "").replace(_DONE, "Done")),
                "content": _contents(answer) if not status.startswith(("4", "5")) else None,
            }
            for status, answer in sorted(operation["responses"].items())
        ],
    }


def _contents(holder: dict[str, Any]) -> Markup:
    """What a body is, by its media type."""
    parts = [
        Markup("{} <span class='muted'>({})</span>").format(_kind(content["schema"]), media_type)
        if content.get("schema")
        else escape(media_type)
        for media_type, content in holder.get("content", {}).items()
    ]
    return Markup(", ").join(parts)


def _schemas(schema: dict[str, Any], operations: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Every schema that the operations reach, by name, each with its fields."""
    every = schema.get("components", {}).get("schemas", {})
    reached: set[str] = set()
    waiting: list[Any] = [schema["paths"][path][method] for path, method in operations]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(_SCHEMA)
            if name in every and name not in reached:
                reached.add(name)
                waiting.append(every[name])
            waiting.extend(node.values())
    return [_shape(name, every[name]) for name in sorted(reached)]


def _shape(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    needed = set(shape.get("required", ()))
    fields = shape.get("properties", {})
    return {
        "name": name,
        "description": _said(shape.get("description", "").replace("\n", " ")),
        "kind": None if fields else _kind(shape),
        "fields": [_field(each, field, each in needed) for each, field in fields.items()],
    }


def _field(
    name: str, schema: dict[str, Any], required: bool, *, where: str | None = None
) -> dict[str, Any]:
    default = schema.get("default")
    return {
        "name": name,
        "where": where,
        "required": required,
        "kind": _kind(schema),
        "default": None if default in (None, [], "") else escape(str(default)),
        "description": _said(_description(schema)),
    }


def _description(schema: dict[str, Any]) -> str:
    if "description" in schema:
        return str(schema["description"])
    inner = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return str(inner[0].get("description", "")) if len(inner) == 1 else ""


def _kind(schema: dict[str, Any]) -> Markup:
    """A type in words: with its limits, and a link where it has a name."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMA)
        return Markup('<a href="#{}">{}</a>').format(name, name)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return Markup(" or ").join(_kind(each) for each in schema[word])
    if "allOf" in schema:
        return Markup(" and ").join(_kind(each) for each in schema["allOf"])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum") or [schema["const"]]
        return Markup(" or ").join(Markup("<code>{}</code>").format(each) for each in values)
    kind = schema.get("type", "anything")
    if kind == "array":
        said = Markup("list of {}").format(_kind(schema.get("items", {})))
    elif kind == "object":
        more = schema.get("additionalProperties")
        said = Markup("object")
        if isinstance(more, dict):
            said = Markup("object of {}").format(_kind(more))
    else:
        said = escape(schema.get("format") or {"string": "text"}.get(kind, kind))
    limits = [text.format(schema[name]) for name, text in _LIMITS if schema.get(name) is not None]
    limits = [limit for limit in limits if limit not in _PLAIN]
    return Markup("{}, {}").format(said, ", ".join(limits)) if limits else said


def _said(text: str) -> Markup:
    """A description with its `names` as code; the names of problems lead to their page."""
    slugs = {error.slug for error in all_errors()}
    parts = list[Markup]()
    for place, part in enumerate(_CODE.split(text)):
        if place % 2 == 0:
            parts.append(escape(part))
        elif part in slugs:
            parts.append(Markup('<a href="/problems/{}"><code>{}</code></a>').format(part, part))
        else:
            parts.append(Markup("<code>{}</code>").format(part))
    return Markup("").join(parts)
