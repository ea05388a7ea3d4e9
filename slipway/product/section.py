"""The base of every section of params.yaml: frozen, and strict about unknown keys."""

import ast
import difflib
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, Discriminator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue


class Section(BaseModel):
    """A frozen model that refuses keys it does not know; its JSON Schema describes each field by its docstring.

    Infinity and NaN are no numbers of a section: no limit, bound or share is kept by them, or broken.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the docstrings; pydantic's own way reads the sources whenever a section is imported, a second a stage."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for base in reversed(cls.__mro__):
            if issubclass(base, Section):
                for name, docstring in field_docstrings(base):
                    properties[name]["description"] = docstring
        return schema


def field_docstrings(model: type[Section]) -> Iterator[tuple[str, str]]:
    """Yield each field that the class itself declares, by its alias if it has one, with the text below it."""
    (declared,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(declared, ast.ClassDef)
    for field, below in pairwise(declared.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield model.model_fields[name].alias or name, inspect.cleandoc(text)


def is_empty(value: Any) -> bool:
    """Say whether a key is left out where it is written: it holds nothing, as for most products."""
    return not value


def told_apart(*models: type[Section], mend: str) -> Discriminator:
    """Tell the members of a union apart by their keys, each tagged with its name (a text: "str").

    A plain union answers a mistake once for each member; this one answers for the member that was meant,
    the one that knows most of the keys. Where none does, the answer is `mend`.
    """

    def tag(content: Any) -> str | None:
        if not isinstance(content, dict):
            return type(content).__name__
        known = {each.__name__: _count_known(content, each) for each in models}
        best = [name for name, count in known.items() if any(count) and count == max(known.values())]
        return best[0] if len(best) == 1 else None

    return Discriminator(tag, custom_error_type="no_member", custom_error_message=mend)


def _count_known(content: dict[Any, Any], model: type[Section]) -> tuple[int, int]:
    """Count the keys that the model has, and those that it may have, slips included."""
    near = sum(bool(difflib.get_close_matches(str(key), model.model_fields, n=1)) for key in content)
    return sum(key in model.model_fields for key in content), near
