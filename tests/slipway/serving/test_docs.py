"""The page at /docs: complete without the internet, and safe whatever a column is called."""

import re

import pytest

from slipway.bundle.predictor import Predictor
from slipway.product.serve import Serve
from slipway.serving.docs import docs_page
from slipway.serving.service import Service


@pytest.mark.parametrize("bundle", ["tabular", "image", "regression"])
def test_the_page_loads_nothing_and_names_every_input(bundle: str, request) -> None:
    service = Service(Predictor(request.getfixturevalue(bundle)), "v0001", Serve())
    page = docs_page(service)
    assert not re.search(r"(src|href)=|@import|url\(", page)
    for one in service.predictor.signature.inputs:
        assert f"<td>{one.name}</td>" in page
    assert "&quot;records&quot;" in page


def test_a_name_cannot_break_out_of_the_page(tabular) -> None:
    service = Service(Predictor(tabular), "<script>alert(1)</script>", Serve())
    assert "<script>" not in docs_page(service)
