"""From a recipe to an artefact: cut, recover, export, quantise, join to transform and answer."""

import logging
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import onnx
import polars as pl
import torch
from torch import nn

from slipway.errors import DataError
from slipway.judging.decision import Decision
from slipway.judging.refitting import refitted
from slipway.learning.devices import repeatable
from slipway.learning.material import as_tensors
from slipway.learning.rows import Rows
from slipway.learning.trained import scores
from slipway.networks.building import Architecture, body_of
from slipway.networks.texts import TransformerReader
from slipway.product.augment import Policy
from slipway.product.compress import Compress, Precision, Recipe
from slipway.shrinking.cutting import first_member, narrowed
from slipway.shrinking.export import export_network
from slipway.shrinking.graph import servable
from slipway.shrinking.padding import without_common_padding
from slipway.shrinking.quantise import to_dynamic_int8, to_int8
from slipway.shrinking.weights import with_int8_tables, with_int8_weights
from slipway.tables.heads import heads_of, joint_heads
from slipway.tables.schema import Schema
from slipway.tables.targets import targets_of
from slipway.transform.applying import Array, features
from slipway.transform.fitted import Transform

if TYPE_CHECKING:
    from slipway.shrinking.recovering import Lessons

logger = logging.getLogger("slipway")


@dataclass(frozen=True)
class Trained:
    """The trained model, and all that an artefact is made of besides.

    Attributes:
        network: In evaluation mode, on the CPU.
        architecture: What it was built from.
        schema: Of the rows.
        transform: From their columns to features.
        decision: Its temperatures.
    """

    network: nn.Module
    architecture: Architecture
    schema: Schema
    transform: Transform
    decision: Decision


@dataclass(frozen=True)
class Student:
    """A network as a recipe leaves it, before its precision: the trained one, or one that was cut and recovered."""

    network: nn.Module
    decision: Decision
    exported: onnx.ModelProto


class Maker:
    """Makes artefacts of one trained model; a network of several precisions is cut, recovered and exported once.

    Args:
        trained: The trained model.
        params: The section.
        rows: `train` and `validation`, as privatize released them.
        policy: What recovery does to each batch.
        barred: Why rows must not be learned from, or looked at, again; None: they may.
    """

    def __init__(
        self,
        trained: Trained,
        params: Compress,
        rows: Mapping[str, pl.DataFrame],
        policy: Policy,
        barred: str | None = None,
    ) -> None:
        self.trained, self.params, self.rows, self.policy, self.barred = trained, params, rows, policy, barred
        self._students: dict[tuple[float, str, int], Student] = {}

    def make(self, recipe: Recipe) -> bytes:
        """Return the artefact: raw columns in, calibrated answers out.

        Raises:
            Uncuttable: The network cannot be cut to that width.
            DataError: Rows may not be read again, or do not suffice.
        """
        student, trained = self.student(recipe), self.trained
        network = self._at(recipe.precision, student.exported)
        heads = [(head, student.decision.of(head.name).divisor) for head in joint_heads(trained.schema.targets)]
        whole = servable(network, trained.transform, temperature=student.decision.divisor, heads=heads)
        if recipe.precision == "int8_weights":  # of the whole: a first layer may have taken in the scaling of pixels
            whole = with_int8_weights(whole)
        return whole.SerializeToString(deterministic=True)

    def student(self, recipe: Recipe) -> Student:
        """Return the network of a recipe, and its decision."""
        key = (recipe.width, recipe.recover, recipe.num_epochs)
        if key not in self._students:
            self._students[key] = self._exported(recipe)
        return self._students[key]

    def _exported(self, recipe: Recipe) -> Student:
        network, decision = self._network(recipe)
        transform = self.trained.transform
        reads_words = isinstance(body_of(network), TransformerReader)
        shape, vocabulary = transform.feature_shape, transform.vocabulary
        exported = export_network(network, shape, vocabulary=vocabulary, free_length=reads_words)
        return Student(network, decision, without_common_padding(exported) if reads_words else exported)

    def _network(self, recipe: Recipe) -> tuple[nn.Module, Decision]:
        trained = self.trained
        if recipe.keeps_weights:
            return trained.network, trained.decision
        with repeatable(self.seed, 1):
            if recipe.width < 1:
                network = narrowed(trained.network, trained.architecture, recipe.width)
            else:
                network = deepcopy(first_member(trained.network))
            if recipe.num_epochs:
                self._recover(network, recipe)
            return network, self._decision(network)

    def _recover(self, network: nn.Module, recipe: Recipe) -> None:
        self._require_rows(f"recover: {recipe.recover}")
        from slipway.shrinking.recovering import recover  # the training loop is loaded where something is trained

        logger.info("%s: recovers", recipe.name)
        recover(network, recipe, self.lessons, self.params)

    def _decision(self, network: nn.Module) -> Decision:
        """Return the trained network's decision with the temperatures of another one."""
        schema = self.trained.schema
        wanted = {name: targets_of(self.rows["validation"], schema, name) for name in schema.targets}
        return refitted(self.trained.decision, heads_of(schema.targets), scores(network, self.held_features), wanted)

    def _at(self, precision: Precision, network: onnx.ModelProto) -> onnx.ModelProto:
        if precision in ("fp32", "int8_weights"):
            return network
        if precision == "int8_dynamic":
            return to_dynamic_int8(with_int8_tables(network))
        self._require_rows("precision: int8")
        return to_int8(network, self.calibration)

    def _require_rows(self, what: str) -> None:
        if self.barred is not None:
            raise DataError(f"{what} reads training rows, and {self.barred}")

    @property
    def seed(self) -> int:
        """The product's."""
        return self.trained.schema.product.seed

    @cached_property
    def held_features(self) -> Array:
        """Of the validation rows."""
        return features(self.rows["validation"], self.trained.transform)

    @cached_property
    def calibration(self) -> Array:
        """The training rows that static quantisation looks at, as features.

        Raises:
            DataError: All are of one class, of several: ranges would be those of that class alone.
        """
        train, schema = self.rows["train"], self.trained.schema
        sample = train.sample(min(train.height, self.params.calibration_rows), seed=self.seed)
        classes, target = schema.classes, schema.require_target()
        found = sample[target].unique().to_list()
        if classes is not None and len(classes) > 1 and len(found) < 2:
            raise DataError(
                f"int8 is calibrated on {sample.height} training rows, and all are of class {found[0]!r}: their ranges "
                "are not the others'. Raise compress.calibration_rows, or leave int8 out of compress.candidates."
            )
        return features(sample, self.trained.transform)

    @cached_property
    def lessons(self) -> "Lessons":
        """What recovery learns from; the trained model answers each row once, for all recoveries."""
        from slipway.shrinking.recovering import Lessons

        schema, transform = self.trained.schema, self.trained.transform
        train = self.rows["train"]
        train = train.sample(min(train.height, self.params.recovery_rows), seed=self.seed)
        heads = joint_heads(schema.targets)
        taught, held = (
            Rows(*as_tensors(frame, schema, transform), heads) for frame in (train, self.rows["validation"])
        )
        outputs = torch.from_numpy(scores(self.trained.network, taught.features.numpy()))
        return Lessons(taught, outputs, held, self.policy, self.seed)
