"""Read sections of params.yaml; every error names the file, the key, the value and what is allowed."""

import difflib
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from slipway.errors import ParamsError

Model = TypeVar("Model", bound=BaseModel)


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
        raise ParamsError(f"{path} must hold sections (`train: {{...}}`), but holds {type(content).__name__}")
    return content


def read_section(path: Path, model: type[Model]) -> Model:
    """Read the section that is named as the model: `Train` from `train:`."""
    name = model.__name__.lower()
    content = read_yaml(path)
    if name not in content:
        raise ParamsError(f"{path} has no section '{name}'. Add `{name}: {{}}` for its defaults.")
    return check_section(content[name], model, where=f"{path}: {name}")


def check_section(content: object, model: type[Model], *, where: str) -> Model:
    """Build the model from what YAML gave, or say in one line per mistake what is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [_sentence(mistake, model, where) for mistake in error.errors()[:3]]
        raise ParamsError("\n".join(lines)) from None


def _sentence(mistake: Any, model: type[BaseModel], where: str) -> str:
    key = ".".join([where, *(str(part) for part in mistake["loc"])])
    if mistake["type"] == "extra_forbidden":
        known = _keys_at(model, mistake["loc"][:-1])
        near = difflib.get_close_matches(str(mistake["loc"][-1]), known, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return f"{key} is no parameter: {hint}allowed: {', '.join(known)}" if known else f"{key} is no parameter"
    if mistake["type"] == "missing":
        return f"{key} is missing: it has no default"
    return f"{key} = {mistake['input']!r}: {mistake['msg'].removeprefix('Value error, ')}"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """Return the keys that the model allows below `path`, read from its JSON Schema."""
    schema = TypeAdapter(model).json_schema()
    nodes = [schema]
    for part in path:
        below = [child for node in nodes for child in _children(_variants(node, schema), str(part))]
        nodes = below or nodes  # a union's tag is a part of the path, but no key
    return sorted(
        {key for node in nodes for variant in _variants(node, schema) for key in variant.get("properties", {})}
    )


def _variants(node: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """Follow references and unions down to plain objects."""
    if "$ref" in node:
        return _variants(root["$defs"][node["$ref"].rsplit("/", 1)[-1]], root)
    options = [*node.get("anyOf", []), *node.get("oneOf", [])]
    return [leaf for option in options for leaf in _variants(option, root)] if options else [node]


def _children(nodes: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    found = []
    for node in nodes:
        if key in node.get("properties", {}):
            found.append(node["properties"][key])
        elif isinstance(node.get("additionalProperties"), dict):
            found.append(node["additionalProperties"])
        elif isinstance(node.get("items"), dict):
            found.append(node["items"])
    return found
