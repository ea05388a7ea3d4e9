"""The whole of params.yaml and its JSON Schema.

`python -m slipway.product.params > products/params.schema.json` writes the schema that editors
complete from. Stages do not import this module: they read their own section alone.
"""

import difflib
import json
import sys
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from slipway.product.augment import Augment
from slipway.product.compress import Compress
from slipway.product.deploy import Deploy
from slipway.product.evaluate import Evaluate
from slipway.product.ingest import Ingest
from slipway.product.networks import FITTING
from slipway.product.package import CLASSIFICATION_METRICS, REGRESSION_METRICS, Package
from slipway.product.preprocess import Preprocess
from slipway.product.privatize import Privatize
from slipway.product.product import Product
from slipway.product.reading import check_section, read_yaml
from slipway.product.section import Section
from slipway.product.serve import Serve
from slipway.product.train import Train
from slipway.product.tune import Tune, require_ranges
from slipway.product.validate import Validate


class Params(Section):
    """Every number of a run; each section is present, `{}` where all is default."""

    product: Product
    ingest: Ingest
    validate_: Validate = Field(alias="validate")
    preprocess: Preprocess
    privatize: Privatize
    augment: Augment
    train: Train
    evaluate: Evaluate
    compress: Compress
    package: Package
    deploy: Deploy
    serve: Serve
    tune: Tune

    @model_validator(mode="after")
    def _gate_suits_the_task(self) -> Self:
        task = self.product.task
        known = REGRESSION_METRICS if task == "regression" else CLASSIFICATION_METRICS
        strange = [name for name in self.package.gate.metrics if name not in known]
        if strange:
            raise ValueError(f"package.gate.metrics names {strange}, but a {task} has {', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _labels_are_learned_one_by_one(self) -> Self:
        train = self.train
        if self.product.task != "multilabel":
            return self
        if train.loss is not None and train.loss.name != "bce":
            raise ValueError(f"train.loss is {train.loss.name}, but a multilabel target has bce: remove it")
        for key, plain in (("label_smoothing", 0), ("class_weights", "none")):
            if getattr(train, key) != plain:
                raise ValueError(f"train.{key} is for one class a row, and product.task is multilabel: remove it")
        if self.augment.balance != "none":
            raise ValueError("augment.balance needs one class a row, and product.task is multilabel: set it to none")
        return self

    @model_validator(mode="after")
    def _reweighed_is_a_sensitive_column(self) -> Self:
        column, sensitive, task = self.augment.reweigh, self.product.sensitive, self.product.task
        if column is not None and column not in sensitive:
            raise ValueError(
                f"augment.reweigh is {column}, which is no sensitive column: allowed: "
                + (", ".join(sensitive) or "none, because product.sensitive names no column")
            )
        if column is not None and task != "classification":
            raise ValueError(f"augment.reweigh needs one class a row, and product.task is {task}: remove it")
        return self

    @model_validator(mode="after")
    def _loss_weights_are_of_targets(self) -> Self:
        targets = self.product.targets
        strange = [name for name in self.train.loss_weights if name not in targets]
        unweighted = [name for name in targets if name not in self.train.loss_weights]
        for name in strange:  # which of two names the source has, only ingest can tell
            if near := difflib.get_close_matches(name, unweighted, n=1):
                role = "product.target" if near[0] == self.product.target else "product.more_targets"
                raise ValueError(
                    f"{role} names '{near[0]}', and train.loss_weights '{name}': one of them is misspelt. Write the "
                    "column's name as the source has it in both"
                )
        if strange:
            raise ValueError(f"train.loss_weights names {strange}, but the targets are {', '.join(targets)}")
        if self.train.loss_weights and len(targets) == 1:
            raise ValueError(
                "train.loss_weights weighs several targets against each other, and the product has one: remove it, or "
                "name others in product.more_targets"
            )
        return self

    @model_validator(mode="after")
    def _ensemble_has_one_answer(self) -> Self:
        if self.train.ensemble > 1 and (len(self.product.targets) > 1 or self.product.task == "multilabel"):
            raise ValueError(
                "train.ensemble is for one target of classes or values: leave it out for several, or labels"
            )
        return self

    @model_validator(mode="after")
    def _decision_suits_the_product(self) -> Self:
        self.evaluate.require_fit(self.product, self.product.classes)
        return self

    @model_validator(mode="after")
    def _corruptions_suit_the_kind(self) -> Self:
        self.evaluate.robustness.of(self.product.kind)
        return self

    @model_validator(mode="after")
    def _network_suits_the_kind(self) -> Self:
        name, kind = self.train.network.name, self.product.kind
        if name not in FITTING[kind]:
            fitting = ", ".join(FITTING[kind])
            raise ValueError(f"train.network is {name}, but a product of kind {kind} needs one of {fitting}")
        return self


def read_params(path: Path) -> Params:
    """Read and check a whole params.yaml."""
    params = check_section(read_yaml(path), Params, where=str(path))
    require_ranges(params.tune, {"train": params.train, "augment": params.augment}, where=str(path))
    return params


def json_schema() -> str:
    """Return the JSON Schema of params.yaml as text."""
    return json.dumps(Params.model_json_schema(), indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(json_schema())
