"""What preprocess declares, held against the columns that are there: a rule that means nothing is refused by name."""

import difflib
from collections.abc import Iterable, Mapping

import polars as pl

from slipway.errors import DataError, ParamsError
from slipway.product.preprocess import Preprocess
from slipway.tables.schema import ROW_ID, Schema


def as_prose(schema: Schema, params: Preprocess) -> Preprocess:
    """Return the section with the one feature of a product of texts declared as prose; of others, as it is.

    Raises:
        DataError: The product has not one feature alone, or it holds no texts.
        ParamsError: preprocess declares it as something else.
    """
    if schema.product.kind != "texts":
        return params
    names = [column.name for column in schema.features]
    if len(names) != 1:
        raise DataError(
            f"product.kind is texts, which learns from one column of prose alone, and there are {len(names)} features "
            f"{names}: add all but the text to product.ignore, or set product.kind: tabular"
            if names
            else "product.kind is texts, but no column is left as the text: all are target, identifiers or ignored"
        )
    (column,) = schema.features
    if column.dtype != "String":
        raise DataError(
            f"product.kind is texts, but '{column.name}' is of type {column.dtype}: name a column of texts, or set "
            "product.kind: tabular"
        )
    if (declared := params.all_types.get(column.name, "text")) != "text":
        raise ParamsError(
            f"preprocess declares '{column.name}' as {declared}, but it is the text of a product of texts: remove "
            "that, or set product.kind: tabular"
        )
    return params.model_copy(update={"types": {**params.types, column.name: "text"}})


def effective_types(schema: Schema, params: Preprocess) -> dict[str, str]:
    """Return the declared types and the targets': a label for a classification, a number for a regression.

    Raises:
        ParamsError: preprocess.types names a column that is no feature.
    """
    features = [column.name for column in schema.features if column.dtype != "Binary"]
    for name in params.types:
        if name not in features:
            hint = _near(name, features, "allowed")
            raise ParamsError(f"preprocess.types: '{name}' is no feature of numbers or texts; {hint}")
    own = {name: "number" if each.task == "regression" else "category" for name, each in schema.targets.items()}
    return {**params.all_types, **own}


def require_sense(dtypes: Mapping[str, pl.DataType], schema: Schema, params: Preprocess) -> None:
    """Refuse a rule on a column that is not there, or that it does not suit.

    Raises:
        ParamsError: There is such a rule; the error names it, the column and what is allowed.
    """
    for rule, names in _named(params).items():
        for name in names:
            if name not in dtypes and not (name == ROW_ID and rule == "split.by"):
                hint = _near(name, list(dtypes), "it has")
                raise ParamsError(f"preprocess.{rule} names '{name}', a column that the table does not have; {hint}")
    _require_types(dtypes, schema, params)
    _require_classes(dtypes, schema, params)
    _require_roles(schema, params)


def _named(params: Preprocess) -> dict[str, Iterable[str]]:
    """Return the columns that each rule names."""
    anonymise, split = params.anonymise, params.split
    return {
        "lower": params.lower,
        "replace": params.replace,
        "dates": params.dates,
        "bounds": params.bounds,
        "fill": params.fill,
        "require": params.require,
        "unique.key": params.unique.key if params.unique else [],
        "anonymise.pseudonymise": anonymise.pseudonymise,
        "anonymise.generalise": anonymise.generalise,
        "anonymise.quasi_identifiers": anonymise.quasi_identifiers,
        "anonymise.sensitive": [anonymise.sensitive] if anonymise.sensitive else [],
        "split.by": split.by,
        "split.stratify": [split.stratify] if split.stratify else [],
        "split.time": [split.time] if split.time else [],
    }


def _near(name: str, names: list[str], else_: str) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean '{near[0]}'?" if near else f"{else_}: {', '.join(names[:20])}."


def _require_types(dtypes: Mapping[str, pl.DataType], schema: Schema, params: Preprocess) -> None:
    """Refuse a rule of numbers on texts, and the like."""
    types = effective_types(schema, params)
    for name, dtype in dtypes.items():
        kind = types.get(name) or _kind(dtype)
        if name in params.lower and dtype != pl.String:
            raise _unsuited("lower", name, dtype, "texts")
        if name in params.replace and not (dtype == pl.String or dtype.is_numeric()):
            raise _unsuited("replace", name, dtype, "texts or numbers")
        if kind == "date" and not (dtype == pl.String or dtype in (pl.Date, pl.Datetime)):
            raise _unsuited("dates", name, dtype, "dates, or texts that hold them")
        if types.get(name) == "boolean" and not (dtype in (pl.String, pl.Boolean) or dtype.is_numeric()):
            raise _unsuited("types", name, dtype, "booleans, numbers or texts")
        if name in params.bounds and kind != "number":
            raise _unsuited("bounds", name, dtype, "numbers")
        coarser = params.anonymise.generalise.get(name)
        if coarser is not None and kind not in (("category", "text") if coarser.prefix else ("number",)):
            raise _unsuited("anonymise.generalise", name, dtype, "texts" if coarser.prefix else "numbers")
        if name == params.split.time and kind != "number" and not (kind == "date" or dtype.is_temporal()):
            raise ParamsError(
                f"preprocess.split.time: '{name}' is of type {dtype}, whose order is no order in time: "
                f"say in preprocess.dates.{name} how its dates are written, or name another column"
            )
        if name in params.fill:
            _require_constant(name, kind, params)
        if dtype.is_numeric() and name in params.replace:
            _require_numbers(name, params.replace[name])


def _kind(dtype: pl.DataType) -> str | None:
    if dtype == pl.Boolean:
        return "boolean"
    return "number" if dtype.is_numeric() else "category" if dtype == pl.String else None


def _unsuited(rule: str, name: str, dtype: pl.DataType, wanted: str) -> ParamsError:
    return ParamsError(
        f"preprocess.{rule}: '{name}' is of type {dtype}, and the rule is for columns of {wanted}: "
        f"declare preprocess.types.{name}, or remove the rule"
    )


def _require_constant(name: str, kind: str | None, params: Preprocess) -> None:
    constant = params.fill[name]
    suits = {
        "number": isinstance(constant, int | float) and not isinstance(constant, bool),
        "boolean": isinstance(constant, bool),
        "category": isinstance(constant, str),
        "text": isinstance(constant, str),
    }
    if not suits.get(kind or "", False):
        raise ParamsError(
            f"preprocess.fill.{name} = {constant!r}, but the column holds {kind or 'no plain values'}: "
            "give a value of its type, or remove the rule"
        )


def _require_numbers(name: str, pairs: Mapping[str, str | None]) -> None:
    for text in (*pairs, *(new for new in pairs.values() if new is not None)):
        try:
            float(text)
        except ValueError:
            raise ParamsError(
                f"preprocess.replace.{name}: '{text}' is no number, but the column holds numbers"
            ) from None


def _require_classes(dtypes: Mapping[str, pl.DataType], schema: Schema, params: Preprocess) -> None:
    """Refuse a class that cleaning would turn into a missing value: all of its rows would be dropped."""
    for name, target in schema.targets.items():
        marked = [each for each in target.classes or [] if each in params.missing]
        if marked and dtypes[name] == pl.String:
            raise ParamsError(
                f"preprocess.missing holds {marked}, which are classes of '{name}': "
                f"state {schema.place_of(name)}.classes without them, or remove them from preprocess.missing"
            )


def _require_roles(schema: Schema, params: Preprocess) -> None:
    """Refuse rules that a column's role forbids."""
    product, anonymise = schema.product, params.anonymise
    rules: dict[str, Iterable[str]] = {"fill": params.fill, "dates": params.dates}
    for rule, names in {**rules, "anonymise.generalise": anonymise.generalise}.items():
        for name in product.targets:
            if name in names:
                raise ParamsError(f"preprocess.{rule} names '{name}', a target: answers are not made up")
    for name in anonymise.pseudonymise:
        if name not in product.identifiers:
            raise ParamsError(
                f"preprocess.anonymise.pseudonymise names '{name}', which is no identifier: add it to "
                "product.identifiers, or generalise it (a server has no key, and a pseudonym teaches a model nothing)"
            )
    for name in (*anonymise.quasi_identifiers, *([anonymise.sensitive] if anonymise.sensitive else [])):
        if name in (*product.identifiers, *[each for each in product.ignore if each not in product.sensitive]):
            raise ParamsError(f"preprocess.anonymise names '{name}', which is dropped anyway: remove it there")
    for name, kind in effective_types(schema, params).items():
        if kind == "date" and name in (*anonymise.quasi_identifiers, *product.sensitive):
            raise ParamsError(f"preprocess: '{name}' is a date, and only its parts are kept: it is in no group")
