"""Whether a product names columns that its own cleaning takes away: seen in its files, before a row is read."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from slipway.errors import ParamsError
from slipway.product.params import Params
from slipway.suites.suite import Suite

MAX_SHOWN = 3


def require_staying(params: Params, clean: Suite, *, params_file: Path, clean_file: Path) -> None:
    """Refuse types and steps for columns that are no features, and expectations about columns that cleaning drops.

    Args:
        params: The product's.
        clean: The suite that cleaned rows are to keep.
        params_file: For errors.
        clean_file: For errors.

    Raises:
        ParamsError: There is one or more; all are named together.
    """
    rules, product = params.preprocess, params.product
    no_features = {
        **dict.fromkeys(product.targets, "it is a target, whose product.task says what it is"),
        **dict.fromkeys(product.identifiers, "product.identifiers says that it names somebody"),
        **dict.fromkeys(product.ignore, "product.ignore takes it away"),
    }
    parted = {name: _parts(name, rules.dates_of(name).parts) for name in rules.all_types if rules.is_date(name)}
    dropped = {name: no_features[name] for name in product.dropped(rules.anonymise.pseudonymise)}
    named: list[tuple[str, Iterable[str], dict[str, str]]] = [
        ("types", rules.types, no_features),
        ("columns", rules.columns, parted | no_features),
    ]
    mistakes = [
        f"{params_file}: preprocess.{rule} names '{name}', but {why[name]}: remove it from one of the two"
        for rule, columns, why in named
        for name in columns
        if name in why
    ]
    gone = parted | dropped
    mistakes += [
        f"{clean_file}, expectation {number} ({each.type}) is about '{name}', but {gone[name]}: remove one of the two"
        for number, each in enumerate(clean.expectations, start=1)
        for name in each.columns
        if name in gone
    ]
    if mistakes:
        more = [f"and {len(mistakes) - MAX_SHOWN} more"] if mistakes[MAX_SHOWN:] else []
        raise ParamsError("\n".join([*mistakes[:MAX_SHOWN], *more]))


def _parts(name: str, parts: Sequence[str]) -> str:
    made = ", ".join(f"{name}_{part}" for part in parts)
    return f"cleaning makes {made} of it" if made else "preprocess.dates leaves no part of it"
