"""The list of products is read, or refused in a line that says what it must hold."""

import pytest

from flows.project import products
from slipway.errors import SlipwayError


@pytest.fixture
def listed(tmp_path):
    def read(text):
        (tmp_path / "products").mkdir()
        (tmp_path / "products" / "products.yaml").write_text(text)
        return products(tmp_path)

    return read


def test_the_names_come_in_their_order(listed):
    assert listed("products: [digits, cancer]") == ["digits", "cancer"]


@pytest.mark.parametrize("text", ["", "# none yet", "cancer", "[cancer]", "product: [cancer]", "products: cancer"])
def test_a_file_without_the_list_is_told_what_it_must_hold(listed, text):
    with pytest.raises(SlipwayError, match=r"products\.yaml must list .* as `products: \[cancer\]`$"):
        listed(text)


@pytest.mark.parametrize("text", ["products:", "products: []", "products: [2024]", "products: {cancer: {}}"])
def test_a_list_without_names_is_refused(listed, text):
    with pytest.raises(SlipwayError, match="must list one product or more"):
        listed(text)


def test_what_is_no_yaml_is_named_with_the_place(listed):
    with pytest.raises(SlipwayError, match=r"products\.yaml is no YAML: .*line 1") as caught:
        listed("products: [cancer")
    assert "\n" not in str(caught.value)
