"""Which part each column plays: target, number, category, text, date, boolean, identifier, or ignored; and why."""

from dataclasses import dataclass
from typing import Literal

from slipway.drafting.profiling import ColumnProfile, Profile
from slipway.drafting.shares import share
from slipway.drafting.vocabulary import CODES, IDENTIFIERS, PERSONAL, sensitive_name, sensitive_values, words

Role = Literal["target", "number", "category", "text", "date", "boolean", "identifier", "ignored", "image"]

MAX_CATEGORIES = 1_000
EMAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
UUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"

BOOLEANS = (
    {"yes", "no"},
    {"true", "false"},
    {"y", "n"},
    {"t", "f"},
    {"ja", "nein"},
    {"oui", "non"},
    {"si", "no"},
    {"sí", "no"},
    {"on", "off"},
)


@dataclass(frozen=True)
class ColumnRole:
    """One column's part, the reason, and what kind of protected attribute it may be."""

    name: str
    role: Role
    why: str
    sensitive: str | None = None


def role_of(column: ColumnProfile, profile: Profile) -> ColumnRole:
    """Say which part a column plays that is not the target."""
    role, why = _role(column, profile)
    protected = None
    if role not in ("identifier", "ignored", "image"):
        protected = sensitive_name(column.name) or (
            sensitive_values(column.counts) if column.kind == "text" and column.counts else None
        )
    return ColumnRole(column.name, role, why, protected)


def _role(column: ColumnProfile, profile: Profile) -> tuple[Role, str]:
    if column.kind == "empty":
        return "ignored", "it holds no value"
    if column.kind == "bytes":
        return "image", "it holds bytes"
    if column.kind == "other":
        return "ignored", f"nothing reads values of type {column.dtype}"
    if column.unique == 1 and not column.nulls:
        return "ignored", "it holds one value alone"
    if column.is_row_number:
        return "identifier", "it numbers the rows"
    if column.kind == "date":
        return "date", f"it holds dates, from {column.minimum} to {column.maximum}"
    if column.kind == "boolean":
        return "boolean", "it is true or false"
    if column.kind == "number":
        return _role_of_numbers(column)
    return _role_of_texts(column, profile)


def _role_of_numbers(column: ColumnProfile) -> tuple[Role, str]:
    own = set(words(column.name))
    if own & IDENTIFIERS and column.whole and column.unique > 10 and column.unique_share > 0.95:
        return "identifier", "its name says so, and nearly every row has its own"
    if own & CODES and column.whole and column.unique > 2:
        return "category", f"its name says that its {column.unique:,} numbers are codes"
    if own & PERSONAL and column.whole and column.unique_share > 0.5:
        return "identifier", "its name says that it points to a person or a place"
    return "number", f"{'whole numbers' if column.whole else 'numbers'} from {_short(column.minimum)} to " + _short(
        column.maximum
    )


def _role_of_texts(column: ColumnProfile, profile: Profile) -> tuple[Role, str]:
    if column.format:
        return "date", f"nearly all are written {column.format}"
    values = {str(value).lower() for value in column.counts or {}}
    if values in BOOLEANS:
        return "boolean", f"it is {' or '.join(sorted(values))}"
    known = profile.sample[column.name].drop_nulls()
    for pattern, what in ((EMAIL, "e-mail addresses"), (UUID, "UUIDs")):
        if share(known.str.contains(pattern)) > 0.9:
            return "identifier", f"it holds {what}"
    own = set(words(column.name))
    if column.unique_share > 0.5 and column.unique > 20 and own & PERSONAL:
        return "identifier", "its name says that it points to a person or a place"
    if column.unique_share > 0.95 and column.unique > 20 and (own & IDENTIFIERS or column.words < 1.2):
        return "identifier", "nearly every row has its own, and it is one word"
    if column.unique_share > 0.3 and column.words >= 2.5 and column.unique > 50:
        return "text", f"{column.words:.0f} words on average, and few are the same"
    if column.unique_share > 0.7 and column.unique > MAX_CATEGORIES:
        return "text", "few are the same"
    return "category", f"{column.unique:,} different values"


def _short(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, int | float) else str(value)
