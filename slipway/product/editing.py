"""Set values in the text of a params.yaml: the values alone are written anew, comments and order stay.

A YAML library that loads and dumps would rewrite quotes, numbers and line breaks of all the file; here the text is
spliced where PyYAML says that a value stands, and what comes of it is read again before it is believed.
"""

import difflib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from slipway.errors import ParamsError


def set_values(text: str, changes: Mapping[str, Any], *, where: str) -> str:
    """Return the text with each dotted key set.

    Args:
        text: A YAML mapping.
        changes: From a dotted key (`train.network.hidden`) to its new value; keys that are absent are added.
        where: The file, for errors.

    Raises:
        ParamsError: The value stands behind an anchor or an alias, or in the way of YAML otherwise.
    """
    wanted = with_values(yaml.safe_load(text), changes)
    edited = text
    try:
        for key, value in changes.items():
            edited = _set(edited, key.split("."), value)
        reached = yaml.safe_load(edited) == wanted
    except yaml.YAMLError:
        reached = False
    if not reached:
        told = ", ".join(f"{key}: {flow(value)}" for key, value in changes.items())
        raise ParamsError(f"{where} cannot be edited in place (anchors, aliases): write it yourself: {told}")
    return edited


def with_values(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of what YAML gave, with each dotted key set.

    >>> with_values({"a": {"b": 1}, "c": 2}, {"a.d.e": 3})
    {'a': {'b': 1, 'd': {'e': 3}}, 'c': 2}
    """
    copied = deepcopy(dict(content))
    for key, value in changes.items():
        *above, last = key.split(".")
        place = copied
        for part in above:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place[part] = place = dict(place[part])
        place[last] = deepcopy(value)
    return copied


def diff(old: str, new: str, path: Path) -> str:
    """Return what changes in a file, as `diff -u` and `patch -p1` have it; empty where nothing does."""
    before, after = (text.splitlines(keepends=True) for text in (old, new))
    marked = difflib.unified_diff(before, after, f"a/{path.as_posix()}", f"b/{path.as_posix()}")
    no_end = "\n\\ No newline at end of file\n"
    return "".join(line if line.endswith("\n") else line + no_end for line in marked)


def flow(value: Any) -> str:
    """Return a value as YAML in one line.

    >>> flow({"name": "mlp", "hidden": [64, 64]})
    '{name: mlp, hidden: [64, 64]}'
    """
    options: dict[str, Any] = {"default_flow_style": True, "width": 10**9, "sort_keys": False}
    text = yaml.safe_dump([value], allow_unicode=True, **options)
    if any(line_break in text for line_break in "\x85\u2028\u2029"):  # YAML's own, which it would read as blanks
        text = yaml.safe_dump([value], **options)
    return str(text).strip()[1:-1]


def _set(text: str, keys: Sequence[str], value: Any) -> str:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    while isinstance(node, yaml.MappingNode):
        (key, *rest), entries = keys, node.value
        found = [(name, inner) for name, inner in entries if isinstance(name, yaml.ScalarNode) and name.value == key]
        if not found:
            return _insert(text, node, key, _nested(rest, value))
        name, inner = found[-1]
        if not rest or not isinstance(inner, yaml.MappingNode):
            return _replace(text, name, inner, _nested(rest, value))
        if _is_alias(name, inner):
            break
        node, keys = inner, rest
    raise yaml.YAMLError("no mapping of its own holds the value")


def _nested(keys: Sequence[str], value: Any) -> Any:
    """Wrap a value in the mappings that lead to it."""
    for key in reversed(keys):
        value = {key: value}
    return value


def _replace(text: str, name: yaml.Node, old: yaml.Node, value: Any) -> str:
    """Put the value where the old one stands: on the key's line, unless a comment stands between."""
    start, end = _span(text, name, old)
    between = text[name.end_mark.index : start]
    if start == end or ("\n" in between and "#" not in between):  # no value at all, or one on the lines below
        start = text.index(":", name.end_mark.index) + 1
        return f"{text[:start]} {flow(value)}{text[max(start, end) :]}"
    return text[:start] + flow(value) + text[end:]


def _insert(text: str, node: yaml.MappingNode, key: str, value: Any) -> str:
    """Add a key to a mapping, after its last one."""
    entry = flow({key: value})[1:-1]
    if not node.value:  # {}
        end = node.end_mark.index - 1
        return text[:end] + entry + text[end:]
    end = _span(text, *node.value[-1])[1]
    if node.flow_style:
        return f"{text[:end]}, {entry}{text[end:]}"
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return f"{text[:line_end]}\n{' ' * node.value[0][0].start_mark.column}{entry}{text[line_end:]}"


def _span(text: str, name: yaml.Node, node: yaml.Node) -> tuple[int, int]:
    """Return where the value of a key starts and ends; a block ends with its last value, before what follows it."""
    tokens = [token for token in yaml.scan(text) if token.end_mark.index > token.start_mark.index]
    if _is_alias(name, node):
        alias = next(token for token in tokens if token.start_mark.index >= name.end_mark.index + 1)
        return alias.start_mark.index, alias.end_mark.index
    start = node.start_mark.index
    inside = [token.end_mark.index for token in tokens if start <= token.start_mark.index < node.end_mark.index]
    end = max(inside, default=start)
    return start, start + len(text[start:end].rstrip("\n"))  # a block of text takes in its line's end


def _is_alias(name: yaml.Node, node: yaml.Node) -> bool:
    """Say whether the value stands elsewhere: PyYAML gives an alias the node that it points to."""
    return bool(node.start_mark.index < name.end_mark.index)
