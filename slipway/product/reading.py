"""Read sections of params.yaml; every error names the file, the key, the value and what is allowed."""

import difflib
import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from slipway.errors import ParamsError

Model = TypeVar("Model", bound=BaseModel)

Location = tuple[int | str, ...]

MAX_SHOWN = 120


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping.

    Raises:
        ParamsError: the file is absent, is no YAML, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(
            f"{path} does not exist. Is the product's name right, and is this the project's root?"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        held = "is empty" if content is None else f"holds a {type(content).__name__}"
        raise ParamsError(f"{path} must hold keys (`name: value`), but {held}")
    return content


def read_section(path: Path, model: type[Model]) -> Model:
    """Read the section that is named as the model: `Train` from `train:`."""
    name = model.__name__.lower()
    content = read_yaml(path)
    if name not in content:
        raise ParamsError(f"{path} has no section '{name}'. Add `{name}: {{}}` for its defaults.")
    return check_section(content[name], model, where=str(path), section=name)


def check_section(content: object, model: type[Model], *, where: str, section: str | None = None) -> Model:
    """Build the model from what YAML gave, or say in one line per mistake what is wrong.

    Args:
        content: the section, or the whole file.
        model: what it must be.
        where: the file, or what else the content comes from.
        section: the section's key; None for the whole file.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        mistakes = error.errors()
        slips = [each["loc"] for each in mistakes if each["type"] == "extra_forbidden"]
        told = [each for each in mistakes if each["type"] != "missing" or not _is_misspelt(each["loc"], slips)]
        above = [section] if section else []
        raise ParamsError("\n".join(f"{where}: {_sentence(mistake, model, above)}" for mistake in told[:3])) from None


def _is_misspelt(missing: Location, slips: list[Location]) -> bool:
    """Say whether a missing key is there with a slip, which is told on its own."""
    slipped = [str(loc[-1]) for loc in slips if loc[:-1] == missing[:-1]]
    return bool(difflib.get_close_matches(str(missing[-1]), slipped, n=1))


def _sentence(mistake: Any, model: type[BaseModel], above: list[str]) -> str:
    kind, loc = mistake["type"], mistake["loc"]
    if kind == "extra_forbidden":
        return _no_parameter(loc, model, above)
    keys, nodes = _place(model, loc)
    key, value = ".".join([*above, *keys]), _shown(mistake["input"])
    if kind == "missing":
        is_section = not above and len(keys) == 1 and _properties(nodes)
        return f"{key} is missing: " + (f"write `{key}: {{}}` for its defaults" if is_section else "it has no default")
    if kind in ("union_tag_not_found", "union_tag_invalid"):
        name = mistake["ctx"]["discriminator"].strip("'")
        found = f" = '{mistake['ctx']['tag']}'" if "tag" in mistake["ctx"] else " is missing"
        return f"{key}.{name}{found}: allowed: {', '.join(node['properties'][name]['const'] for node in nodes)}"
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        allowed = ", ".join(_properties(nodes)) or "any key"
        return f"{key} = {value}: must be a mapping, {{}} where all is default; allowed: {allowed}"
    message = re.sub(r"^\w+ should", "must", mistake["msg"].removeprefix("Value error, "))
    if isinstance(mistake["input"], dict) and value.endswith("..."):  # a rule about some keys, which the message names
        return f"{key}: {message}" if key else message
    return f"{key} = {value}: {message.replace(' after validation', '')}"


def _no_parameter(loc: Location, model: type[BaseModel], above: list[str]) -> str:
    keys, nodes = _place(model, loc[:-1])
    known = _properties(nodes)
    near = difflib.get_close_matches(str(loc[-1]), known, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{'.'.join([*above, *keys, str(loc[-1])])} is no parameter: {hint}allowed: {', '.join(known)}"


def _shown(value: object) -> str:
    """Return a value as YAML would have it, nearly, and short."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _place(model: type[BaseModel], loc: Location) -> tuple[list[str], list[dict[str, Any]]]:
    """Follow pydantic's location of a mistake down the model's JSON Schema.

    Returns:
        The keys, and the schemas of what may stand there. A part of the location that is no key is the
        tag of a union's member, and leaves that member alone.
    """
    schema = model.model_json_schema()
    keys, nodes = [], _members(schema, schema)
    for part in loc:
        below = [member for node in nodes for child in _children(node, part) for member in _members(child, schema)]
        if below:
            keys.append(str(part))
        nodes = below or [node for node in nodes if part in _tags(node)]
    return keys, nodes


def _members(node: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow references and unions down to plain schemas."""
    if "$ref" in node:
        return _members(root["$defs"][node["$ref"].rsplit("/", 1)[-1]], root)
    options = [*node.get("anyOf", []), *node.get("oneOf", [])]
    return [leaf for option in options for leaf in _members(option, root)] if options else [node]


def _children(node: dict[str, Any], key: int | str) -> list[dict[str, Any]]:
    children = [
        node.get("properties", {}).get(key),
        node.get("additionalProperties"),
        node.get("items") if isinstance(key, int) else None,
    ]
    return [child for child in children if isinstance(child, dict)][:1]


def _tags(node: dict[str, Any]) -> list[str]:
    """Return the names of a union's member: its class, and the constant that chooses it."""
    return [node.get("title", ""), node.get("properties", {}).get("name", {}).get("const", "")]


def _properties(nodes: list[dict[str, Any]]) -> list[str]:
    return sorted({key for node in nodes for key in node.get("properties", {})})
