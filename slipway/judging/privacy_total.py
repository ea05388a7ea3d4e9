"""What privatize and train spent of privacy together, from their receipts."""

from collections.abc import Mapping, Sequence
from typing import Any

Receipt = Mapping[str, Any]


def privacy_total(privatize: Receipt, train: Receipt) -> tuple[float | None, float | None, str]:
    """Return epsilon and delta of both together, by basic composition, or None with the reason why there are none.

    What is spent on the same rows adds up (Dwork and Roth 2014, theorem 3.16). A promise holds only where training
    has one: a network that learned from plain rows may tell them. Promises about different units don't add up.
    """
    if not train["private"]:
        return None, None, "no guarantee (train learned from plain rows)"
    spent = [receipt for receipt in (privatize, train) if receipt["private"]]
    if len(units := _units(spent)) > 1:
        return None, None, f"no sum (privatize and train protect different units, {' and '.join(units)})"
    if any(receipt.get("epsilon") is None or receipt.get("delta") is None for receipt in spent):
        return None, None, "no guarantee (a receipt has no epsilon or delta)"
    return sum(each["epsilon"] for each in spent), sum(each["delta"] for each in spent), ""


def _units(spent: Sequence[Receipt]) -> list[str]:
    """Return the units of those that spent something, each once."""
    return sorted({str(each["unit"]) for each in spent if "unit" in each and each.get("epsilon")})
