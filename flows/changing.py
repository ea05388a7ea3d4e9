"""Offer a change of params.yaml as a diff, and write it where it is accepted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slipway.files import write_text_whole
from slipway.product.editing import diff, set_values


def offer(path: Path, changes: Mapping[str, Any], *, accept: bool) -> dict[str, Any]:
    """Return the change as `{changes, diff, accepted}`, for JSON.

    Args:
        path: A params.yaml, relative to the project's root.
        changes: From dotted keys to new values; none is no change.
        accept: Whether the file is written.
    """
    old = path.read_bytes().decode()
    new = set_values(old, changes, where=str(path)) if changes else old
    accepted = accept and new != old
    if accepted:
        write_text_whole(path, new)
    return {"changes": dict(changes), "diff": diff(old, new, path), "accepted": accepted}
