"""The picture of slices names each with its rows, and says which line is that of all rows."""

import xml.etree.ElementTree as ElementTree

from slipway.pictures.slices import slices_picture


def told(value: float, **where: str) -> dict:
    return {"where": where, "rows": 1500, "value": value, "low": value - 0.1, "high": value + 0.1}


def test_declared_and_found_slices_have_names_and_rows():
    facts = {"metric": "accuracy", "overall": 0.8, "declared": [told(0.9, sex="Female")], "notes": []}
    svg = slices_picture({**facts, "found": [told(0.5, age="over 48", town="R & B <1>")]})
    assert svg is not None
    texts = {"".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")}
    assert {"sex: Female (1,500)", "age: over 48, town: R & B <1> (1,500)", "declared", "found"} <= texts
    assert "accuracy; the dashed line is that of all rows, (n) are rows" in texts


def test_without_slices_nothing_is_drawn():
    assert slices_picture({"metric": "rmse", "overall": 2.0, "declared": [], "found": []}) is None
