"""`evaluate.robustness`: how the test rows are corrupted, and how strongly."""

from pydantic import Field

from slipway.product.section import Section

SHARES = [0.05, 0.1, 0.2, 0.4]
DEVIATIONS = [0.1, 0.25, 0.5, 1.0]
WORDS = {"dropped_words": SHARES, "typos": SHARES, "swapped_letters": SHARES}

DEFAULTS: dict[str, dict[str, list[float]]] = {
    "tabular": {
        "missing": SHARES,
        "noise": DEVIATIONS,
        "shift": DEVIATIONS,
        "scale": DEVIATIONS,
        "shuffle": SHARES,
        **WORDS,
    },
    "images": {
        "noise": SHARES,
        "blur": [0.02, 0.05, 0.1],
        "brightness": [0.1, 0.2, 0.4],
        "contrast": [0.25, 0.5, 0.75],
        "shift": [0.05, 0.1, 0.2],
        "rotation": [5, 10, 20, 40],
        "occlusion": [0.15, 0.3, 0.45],
    },
    "texts": WORDS,
}
"""Of each kind of product, every corruption that it has."""

ROWS = {"tabular": 2000, "images": 500, "texts": 1000}


class Robustness(Section):
    """How the test rows are corrupted, to see what the model then still gets right."""

    corruptions: dict[str, list[float]] | None = None
    """Strengths by the corruption's name; null takes those of the product's kind (docs/JUDGING.md), {} none."""

    max_rows: int | None = Field(default=None, ge=1)
    """Test rows that are corrupted, drawn with product.seed; null takes 2,000 of a table, 500 images, 1,000 texts."""

    def of(self, kind: str) -> dict[str, list[float]]:
        """Return the strengths for a product of a kind, ascending.

        Raises:
            ValueError: It has no such corruption, or a strength is not above 0.
        """
        known = DEFAULTS[kind]
        declared = known if self.corruptions is None else self.corruptions
        for name, strengths in declared.items():
            if name not in known:
                raise ValueError(
                    f"evaluate.robustness.corruptions names {name}, but a product of kind {kind} has {', '.join(known)}"
                )
            if not strengths or min(strengths) <= 0:
                raise ValueError(
                    f"evaluate.robustness.corruptions.{name} is {strengths}: list at least one strength, each above 0"
                )
        return {name: sorted(set(strengths)) for name, strengths in declared.items()}

    def rows(self, kind: str) -> int:
        """Return how many test rows of a product of a kind are corrupted at most."""
        return ROWS[kind] if self.max_rows is None else self.max_rows
