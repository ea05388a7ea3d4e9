"""What must not be written down stands in no URL that is."""

import pytest

from slipway.sources.passwords import without_query


@pytest.mark.parametrize(
    ("file", "noted"),
    [
        ("https://example.org/rows.csv?token=s3cret#part", "https://example.org/rows.csv"),
        ("s3://bucket/rows.csv", "s3://bucket/rows.csv"),
        ("what?.csv", "what?.csv"),
        (None, None),
    ],
)
def test_a_token_behind_the_path_of_a_url_is_not_noted(file, noted):
    assert without_query(file) == noted
