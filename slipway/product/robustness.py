"""`evaluate.robustness`: how the test rows are corrupted, and how strongly."""

from pydantic import Field

from slipway.product.section import Section

DEFAULTS: dict[str, dict[str, list[float]]] = {
    "tabular": {
        "missing": [0.05, 0.1, 0.2, 0.4],
        "noise": [0.1, 0.25, 0.5, 1.0],
        "shift": [0.1, 0.25, 0.5, 1.0],
        "scale": [0.1, 0.25, 0.5, 1.0],
        "shuffle": [0.05, 0.1, 0.2, 0.4],
        "dropped_words": [0.05, 0.1, 0.2, 0.4],
        "typos": [0.05, 0.1, 0.2, 0.4],
        "swapped_letters": [0.05, 0.1, 0.2, 0.4],
    },
    "images": {
        "noise": [0.05, 0.1, 0.2, 0.4],
        "blur": [0.02, 0.05, 0.1],
        "brightness": [0.1, 0.2, 0.4],
        "contrast": [0.25, 0.5, 0.75],
        "shift": [0.05, 0.1, 0.2],
        "rotation": [5, 10, 20, 40],
        "occlusion": [0.15, 0.3, 0.45],
    },
    "texts": {
        "dropped_words": [0.05, 0.1, 0.2, 0.4],
        "typos": [0.05, 0.1, 0.2, 0.4],
        "swapped_letters": [0.05, 0.1, 0.2, 0.4],
    },
}
"""Of each kind of product; what a corruption concerns no column of is left out."""


class Robustness(Section):
    """How the test rows are corrupted, to see what the model then still gets right."""

    corruptions: dict[str, list[float]] | None = None
    """Strengths by the corruption's name; null takes those of the product's kind (docs/JUDGING.md), {} none."""

    max_rows: int = Field(default=2000, ge=1)
    """Test rows that are corrupted: drawn with product.seed where there are more."""

    def of(self, kind: str) -> dict[str, list[float]]:
        """Return the strengths for a product of a kind.

        Raises:
            ValueError: It has no such corruption, or a strength is not above 0.
        """
        if self.corruptions is None:
            return DEFAULTS[kind]
        known = DEFAULTS[kind]
        if strange := [name for name in self.corruptions if name not in known]:
            raise ValueError(
                f"evaluate.robustness.corruptions names {strange}, but a product of kind {kind} has {', '.join(known)}"
            )
        return self.corruptions
