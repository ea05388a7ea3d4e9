"""Say before a run where it would spend privacy again: noise is fresh each time, and its epsilon adds up."""

from collections.abc import Sequence
from pathlib import Path

from flows.bridge import Node
from slipway.product.privatize import Privatize
from slipway.product.reading import read_section


def repeated_releases(root: Path, product: str, nodes: Sequence[Node], *, force: bool = False) -> list[str]:
    """Return a line where privatize will release noised rows a second time.

    Without `force` it only may: DVC restores what ran with the same inputs before, and a stage that runs
    first may come to what it wrote before.
    """
    node = next((one for one in nodes if one.name == f"privatize@{product}"), None)
    if node is None or not (force or node.reasons):
        return []
    is_first = node.reasons == ["never ran"] and not (root / "data" / product / "privatize").exists()
    mechanism = read_section(root / "products" / product / "params.yaml", Privatize).mechanism
    if is_first or mechanism == "none":
        return []
    verb, why = ("releases", "--force") if force else ("may release", "; ".join(node.reasons))
    return [f"{node.name} {verb} fresh noise again: its epsilon adds up ({why}; privatize.mechanism is {mechanism})"]
