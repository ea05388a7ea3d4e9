"""What a product says of its columns."""

from slipway.product.product import Product


def test_identifiers_and_ignored_columns_leave_unless_fairness_is_judged_by_them():
    product = Product(kind="tabular", identifiers=["id"], ignore=["note", "sex"], sensitive=["sex"])
    assert product.dropped() == ["id", "note"]
    assert product.dropped(["id"]) == ["note"]
