"""The `ingest` section: every example of docs/SOURCES.md is one, and every form of a source has one."""

import re
from pathlib import Path

import pytest
import yaml

from slipway.product.ingest import IdxSource, ImageSource, Ingest, Read, Source, SqlSource
from slipway.product.reading import check_section

PAGE = (Path(__file__).parents[3] / "docs" / "SOURCES.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page_is_a_section(example):
    assert check_section(yaml.safe_load(example), Ingest, where="docs/SOURCES.md").sources()


def test_the_page_shows_every_form_and_every_read_option():
    sources = [
        each for example in EXAMPLES for each in Ingest.model_validate(yaml.safe_load(example)).sources().values()
    ]
    assert {type(each) for each in sources} == {Source, SqlSource, ImageSource, IdxSource}
    assert not [name for name in Read.model_fields if f"`{name}`" not in PAGE and f"{name}:" not in PAGE]
