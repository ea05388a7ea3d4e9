"""Draft a whole product: find the source, profile its rows, choose the target, write down what was inferred."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from slipway.drafting.dependencies import dependencies
from slipway.drafting.extremes import extremes
from slipway.drafting.finding import Found, Part, find, find_url, read_options
from slipway.drafting.leakage import later_dates, leakage
from slipway.drafting.profiling import Profile, profile
from slipway.drafting.roles import ColumnRole, role_of
from slipway.drafting.sections import sections, source_of
from slipway.drafting.suites import DEFAULT_BUDGET_PCT, Drafted, draft_suites
from slipway.drafting.targets import Target, choose_target, labels_of, spellings
from slipway.errors import DataError
from slipway.product.ingest import AnySource, Ingest, Source
from slipway.sources.opening import Table, open_sources
from slipway.tables.labels import order_classes

MIN_CLASS_ROWS = 20
MAX_COPIES = 0.01  # share of rows


@dataclass(frozen=True)
class Warn:
    """What a person should look at: of which kind, about which column, and why."""

    kind: str
    column: str | None
    text: str


@dataclass(frozen=True)
class Draft:
    """All that `slipway new` inferred.

    Attributes:
        found: The source and its files.
        profile: What was seen of the rows.
        target: What is predicted.
        roles: Of every column, in the source's order.
        warnings: What a person should look at.
        params: The sections of params.yaml, those alone that are not default.
        comments: For keys of them (`product.target`), why they are so.
        suites: Both suites.
    """

    found: Found
    profile: Profile
    target: Target
    roles: list[ColumnRole]
    warnings: list[Warn]
    params: dict[str, dict[str, Any]]
    comments: dict[str, str]
    suites: Drafted


def draft(given: str | Path, work: Path, *, target: str | None = None) -> Draft:
    """Draft a product from a file, folder or URL; `work` is an empty folder for what is read on the way.

    Raises:
        DataError: nothing in it can be learned from.
        ParamsError: it has no column that is called as the target.
    """
    found = find_url(str(given), work) if "://" in str(given) else find(Path(given))
    links = _linked(found, work / "source")
    read, broken, num_bytes = _read(found, links, work)
    if read.select(pl.len()).collect(engine="streaming").item() == 0:
        raise DataError(f"{given} holds no rows: there is nothing to draft from")
    seen = profile(read, missing=_missing(found), work=work)
    if set(seen.missing) - set(_missing(found)):
        found = _with_missing(found, seen.missing)
        read, broken, num_bytes = _read(found, links, work)
    chosen = choose_target(seen, target)
    roles = [_role(name, seen, chosen) for name in seen.columns]
    classes, merged = _classes(seen, chosen)
    suites = draft_suites(seen, read, chosen, roles, classes, num_bytes)
    kind = _kind(roles)
    params, comments = sections(found, seen, chosen, roles, classes, merged, suites, read.collect_schema(), kind)
    warnings = _warnings(found, seen, chosen, roles, merged)
    if suites.budget_pct > DEFAULT_BUDGET_PCT:
        warnings.append(
            Warn("quarantine", None, f"the drafted rules send {suites.sent:,} rows there: look at them first")
        )
    if broken:
        warnings.insert(0, Warn("source", None, f"{broken:,} broken lines went to broken.parquet"))
    return Draft(found, seen, chosen, roles, warnings, params, comments, suites)


def _linked(found: Found, folder: Path) -> Path:
    """Link the files into a folder, as they will stand in products/<name>/source."""
    folder.mkdir(parents=True)
    for name, path in found.files.items():
        (folder / name).symlink_to(path.resolve())
    return folder


def _read(found: Found, folder: Path, work: Path) -> tuple[pl.LazyFrame, int, int]:
    """Read all rows once, as ingest does, into one Parquet file.

    Returns:
        The rows, how many lines were broken, and how many bytes an image has (0: there are none).
    """
    number = len(list(work.glob("rows*.parquet")))
    params = Ingest.model_validate({"source": source_of(found)})
    path = work / f"rows{number}.parquet"
    for exact in (False, True):
        table = open_sources(params, folder, work / f"scratch{number}{exact}", exact=exact)
        if _sink(table, path, last=exact):
            break
    broken = sum(len(opened.broken) for opened in table.parts.values())
    return pl.scan_parquet(path), broken, math.prod(table.image_shape) if table.image_shape else 0


def _sink(table: Table, path: Path, *, last: bool) -> bool:
    """Write the rows; say whether the types that the first of them suggest fit all."""
    try:
        table.frame.sink_parquet(path, compression="uncompressed")  # it is read a few times, and soon gone
    except pl.exceptions.PolarsError as error:
        if last or not isinstance(error, pl.exceptions.ComputeError):
            raise DataError(f"the source cannot be read to its end: {str(error).strip().splitlines()[0]}") from None
        return False
    return True


def _missing(found: Found) -> list[str]:
    return sorted({marker for dialect in found.dialects.values() for marker in dialect.missing if marker})


def _with_missing(found: Found, missing: list[str]) -> Found:
    """Return the sources with the markers that the whole of the rows holds."""
    sources: dict[Part | None, AnySource] = {}
    for part, source in found.sources.items():
        dialect = found.dialects.get(part)
        if isinstance(source, Source) and dialect is not None:
            read = read_options(dialect, source.file, missing=missing)
            sources[part] = source.model_copy(update={"read": read})
        else:
            sources[part] = source
    return Found(sources, found.files, found.dialects, found.notes)


def _role(name: str, seen: Profile, target: Target) -> ColumnRole:
    if name == target.column:
        return ColumnRole(name, "target", target.why)
    return role_of(seen.columns[name], seen)


def _kind(roles: list[ColumnRole]) -> str:
    """Say what a row is: with an image it is one, and with one column of prose to learn from, and no other, a text."""
    features = [role.role for role in roles if role.role not in ("target", "identifier", "ignored")]
    if "image" in features:
        return "images"
    return "texts" if features == ["text"] and any(role.role == "target" for role in roles) else "tabular"


def _classes(seen: Profile, target: Target) -> tuple[list[str] | None, dict[str, str]]:
    """Return the classes in order, and labels that are another spelling of one of them."""
    if target.column is None:
        return None, {}
    column = seen.columns[target.column]
    if column.known == 0 or (target.task == "regression" and column.unique < 2):
        held = "one value alone" if column.known else "no values"
        raise DataError(f"column '{target.column}' holds {held}: there is nothing to learn")
    if target.task == "regression":
        return None, {}
    counts = labels_of(column)
    if not counts:
        raise DataError(
            f"column '{target.column}' holds {column.unique:,} different texts, too many for "
            "classes: name another one with --target"
        )
    merged = spellings(counts)
    kept = set(counts) - set(merged)
    if len(kept) < 2:
        raise DataError(f"column '{target.column}' holds the one class {sorted(kept)}: there is nothing to tell apart")
    return order_classes(kept), merged


def _warnings(
    found: Found, seen: Profile, target: Target, roles: list[ColumnRole], merged: Mapping[str, str]
) -> list[Warn]:
    warnings = [Warn("source", None, note) for note in found.notes]
    if target.confidence in ("guessed", "none"):
        warnings.append(Warn("target", target.column, f"{target.why}; --target COLUMN says otherwise"))
    if target.column is not None and target.task == "classification":
        counts = labels_of(seen.columns[target.column])
        rare = [label for label, count in counts.items() if count < MIN_CLASS_ROWS and label not in merged]
        if rare:
            warnings.append(Warn("classes", target.column, f"fewer than {MIN_CLASS_ROWS} rows: {', '.join(rare[:8])}"))
    if merged:
        listed = ", ".join(f"{one} as {other}" for one, other in sorted(merged.items())[:4])
        warnings.append(Warn("spelling", target.column, f"labels read as one: {listed}"))
    features = [role.name for role in roles if role.role in ("number", "category", "boolean")]
    dates = {role.name: seen.columns[role.name].format for role in roles if role.role == "date"}
    suspects = [*leakage(seen, target, features), *later_dates(seen, dates)]
    warnings += [Warn("leakage", one.column, one.why) for one in suspects]
    warnings += [Warn("identifier", role.name, role.why) for role in roles if role.role == "identifier"]
    warnings += [
        Warn("sensitive", role.name, f"it may say somebody's {role.sensitive}") for role in roles if role.sensitive
    ]
    for name, column in seen.columns.items():
        if column.dirt:
            warnings.append(Warn("dirt", name, f"{column.dirt:,} of its values are no numbers and become missing"))
        if column.ambiguous:
            warnings.append(Warn("date", name, f"read as {column.format}; day and month could be the other way round"))
    numbers = [role.name for role in roles if role.role == "number" and role.name != target.column]
    warnings += [Warn("extreme", name, why) for name, why in extremes(seen, numbers).items()]
    if seen.copies > MAX_COPIES * seen.rows:
        text = f"{seen.copies:,} of {seen.rows:,} rows are exact copies: preprocess.duplicates drops them"
        warnings.append(Warn("duplicates", None, text))
    categories = [role.name for role in roles if role.role in ("category", "boolean")]
    warnings += [
        Warn(
            "dependency",
            one.dependent,
            f"'{one.determinant}' tells it in all of {one.rows:,} rows but {one.num_broken:,}",
        )
        for one in dependencies(seen, categories)
    ]
    return warnings
