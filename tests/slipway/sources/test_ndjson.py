"""JSON lines."""

import polars as pl
import pytest

from slipway.errors import DataError
from slipway.product.ingest import Read
from slipway.sources.ndjson import open_ndjson
from slipway.sources.workplace import File


def opened(place, content, **read):
    path = place.folder / "x.ndjson"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_ndjson([File("x.ndjson", path)], Read.model_validate(read), place)


@pytest.mark.parametrize(
    ("content", "read", "schema", "rows"),
    [
        ('{"a":1}\n{"a":2.5,"b":"x"}\n', {}, {"a": pl.Float64, "b": pl.String}, [(1.0, None), (2.5, "x")]),
        ('{"a":1}\n{"a":"x"}\n', {}, {"a": pl.String}, [("1",), ("x",)]),
        ('{"a":true}\n{"a":null}\n', {}, {"a": pl.Boolean}, [(True,), (None,)]),
        ('{"a":true}\n{"a":1}\n', {}, {"a": pl.String}, [("true",), ("1",)]),
        ('{"a":null}\n', {}, {"a": pl.String}, [(None,)]),
        ('{"a":1}\n{"a":"?"}\n', {"missing": ["?"]}, {"a": pl.Int64}, [(1,), (None,)]),
        ('{"a":"x"}\n{"a":"?"}\n', {"missing": ["?"]}, {"a": pl.String}, [("x",), (None,)]),
        ('{"a":7}\n', {"strings": ["a"]}, {"a": pl.String}, [("7",)]),
        ('{"a":18446744073709551615}\n', {}, {"a": pl.String}, [("18446744073709551615",)]),
        ('{"a":[1,2]}\n{"a":[]}\n', {}, {"a": pl.List(pl.Int64)}, [([1, 2],), ([],)]),
        ('{"a":[1]}\n{"a":{"b":1}}\n', {}, {"a": pl.String}, [("[1]",), ('{"b": 1}',)]),
        ('\ufeff{"a":1}\r\n\r\n{"a":2}', {}, {"a": pl.Int64}, [(1,), (2,)]),
    ],
)
def test_types_fit_all_values(place, content, read, schema, rows):
    table = opened(place, content, **read).frame.collect(engine="streaming")
    assert (table.schema, table.rows()) == (schema, rows)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":1', "is no JSON"),
        (b'{"a":1} x', "is no JSON"),
        (b'{"a":NaN}', "is no JSON"),
        (b'{"a":"\xff"}', "is no JSON"),
        (b"[1]", "is a JSON list, not an object"),
        (b"1", "is a JSON int, not an object"),
    ],
)
def test_a_broken_line_is_an_error_or_put_aside(place, line, reason):
    content = b'{"a":0}\n' + line + b'\n\n{"a":2}\n'
    with pytest.raises(DataError, match=rf"x\.ndjson, line 2: {reason}"):
        opened(place, content)
    found = opened(place, content, broken="quarantine", max_broken_pct=50)
    assert found.frame.collect()["a"].to_list() == [0, 2]
    assert [(each.line, each.text) for each in found.broken] == [(2, line.decode(errors="backslashreplace"))]
    assert found.blank_lines == 1
    with pytest.raises(DataError, match="1 of 3 are broken"):
        opened(place, content, broken="quarantine")


def test_a_file_without_objects_is_refused(place):
    with pytest.raises(DataError, match="holds no JSON object"):
        opened(place, "\n")


def test_a_key_without_a_name_is_refused(place):
    with pytest.raises(DataError, match="no name of their own"):
        opened(place, '{"":1}\n')
