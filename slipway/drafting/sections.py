"""The sections of a drafted params.yaml: what was inferred, and the reason for it."""

import math
from collections.abc import Mapping
from typing import Any

import polars as pl

from slipway.drafting.dates import is_readable
from slipway.drafting.finding import Found
from slipway.drafting.profiling import Profile
from slipway.drafting.roles import ColumnRole
from slipway.drafting.suites import Drafted
from slipway.drafting.targets import Target
from slipway.product.ingest import AnySource

ROW_EPOCHS = {"tabular": 20_000_000, "texts": 1_000_000, "images": 500_000}
LARGEST_BATCH = {"tabular": 1024, "texts": 64, "images": 1024}
NETWORKS = {"texts": "lstm", "images": "cnn"}
"""What learns from rows that the default network does not suit."""

ISO_FRACTIONS = "%Y-%m-%dT%H:%M:%S%.f"  # cleaning reads it as ISO 8601, without a format


def sections(
    found: Found,
    seen: Profile,
    target: Target,
    roles: list[ColumnRole],
    classes: list[str] | None,
    merged: Mapping[str, str],
    suites: Drafted,
    dtypes: pl.Schema,
    kind: str,
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the sections that are not default, and for some of their keys the reason."""
    ignored = [role for role in roles if role.role == "ignored" or _is_unread_date(role, seen)]
    identifiers = [role for role in roles if role.role == "identifier"]
    sensitive = [role for role in roles if role.sensitive]
    product = {
        "kind": kind,
        "task": target.task,
        "target": target.column,
        "classes": classes,
        "identifiers": [role.name for role in identifiers],
        "ignore": [role.name for role in ignored],
        "sensitive": [role.name for role in sensitive],
    }
    preprocess = _cleaning(seen, target, roles, dtypes, merged)
    params: dict[str, dict[str, Any]] = {
        "product": {key: value for key, value in product.items() if value or key == "target"},
        "ingest": {"source": source_of(found)},
        "validate": {"max_quarantine_pct": suites.budget_pct},
        "preprocess": preprocess,
        "train": _training(seen.rows, kind, has_prose=any(role.role == "text" for role in roles)),
        "package": {"gate": _gate(target, classes)},
    }
    comments = {
        "product.target": f"{target.confidence}: {target.why}",
        "product.identifiers": _reasons(identifiers),
        "product.ignore": _reasons(ignored),
        "product.sensitive": "flagged, not decided; they stay features unless they stand in ignore, too. "
        + "; ".join(f"{role.name}: {role.sensitive}" for role in sensitive),
        "validate.max_quarantine_pct": f"the drafted rules would send {suites.sent:,} of the {seen.rows:,} rows away",
        "preprocess.types": "what the source's own types do not say",
        "preprocess.replace": "the same labels, spelled otherwise",
        "train": f"sized for {seen.rows:,} rows",
        "package.gate": "better than always answering the same; raise it to what you need",
    }
    return {key: value for key, value in params.items() if value}, comments


def _is_unread_date(role: ColumnRole, seen: Profile) -> bool:
    written = seen.columns[role.name].format
    return role.role == "date" and written is not None and not is_readable(written) and written != ISO_FRACTIONS


def _reasons(roles: list[ColumnRole]) -> str:
    shown = "; ".join(f"{role.name}: {role.why}" for role in roles[:8])
    return shown + (f"; and {len(roles) - 8} more" if len(roles) > 8 else "")


def source_of(found: Found) -> Any:
    """Return ingest.source as YAML has it: a name alone where nothing else is to be said."""

    def one(source: AnySource) -> Any:
        content = source.model_dump(exclude_defaults=True, exclude_none=True)
        return content["file"] if content.keys() == {"file"} else content

    if None in found.sources:
        return one(found.sources[None])
    return {part: one(found.sources[part]) for part in ("train", "validation", "test") if part in found.sources}


def _cleaning(
    seen: Profile, target: Target, roles: list[ColumnRole], dtypes: pl.Schema, merged: Mapping[str, str]
) -> dict[str, Any]:
    types, dates = {}, {}
    for role in roles:
        column, dtype = seen.columns[role.name], dtypes[role.name]
        if role.role == "number" and dtype == pl.String:
            types[role.name] = "number"
        elif role.role == "category" and dtype != pl.String:
            types[role.name] = "category"
        elif role.role == "text":
            types[role.name] = "text"
        elif role.role == "date" and not _is_unread_date(role, seen):
            types[role.name] = "date"
            if column.format is not None and is_readable(column.format):
                dates[role.name] = {"format": column.format}
    replace = {target.column: dict(merged)} if merged else {}
    return {key: value for key, value in {"types": types, "dates": dates, "replace": replace}.items() if value}


def _training(rows: int, kind: str, *, has_prose: bool) -> dict[str, Any]:
    """Size the training for the rows: about a hundred steps an epoch, and an hour at most on a laptop.

    Batches of texts stay small: they are as long as their longest one.
    """
    largest = LARGEST_BATCH[kind]
    batch_size = min(largest, 2 ** max(4, round(math.log2(max(1, rows / 100)))))
    epochs = min(100, max(3, ROW_EPOCHS["texts" if has_prose else kind] // max(1, rows)))
    network = {"network": {"name": NETWORKS[kind]}} if kind in NETWORKS else {}
    return {**network, "epochs": epochs, "batch_size": batch_size}


def _gate(target: Target, classes: list[str] | None) -> dict[str, Any]:
    if target.column is None:
        return {}
    if classes is None:
        return {"metrics": {"r2": {"min": 0.0}}}
    return {"metrics": {"balanced_accuracy": {"min": math.ceil(1000 / len(classes)) / 1000}}}
