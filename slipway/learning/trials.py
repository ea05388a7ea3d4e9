"""Train one configuration after another on the same rows, and say how good each is on the validation rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from slipway.learning.devices import choose_device, repeatable
from slipway.learning.loop import Epoch, fit
from slipway.learning.material import Material, prepared
from slipway.learning.rows import Rows, Source
from slipway.product.augment import Policy
from slipway.product.train import Train

Told = Callable[[int, float], None]


@dataclass(frozen=True)
class Trainer:
    """Trains as the stage train does, and keeps no weights.

    Attributes:
        material: The rows.
        objective: What a configuration is judged by.
    """

    material: Material
    objective: Literal["loss", "metric"]
    _held: dict[tuple[object, ...], tuple[Source, Rows]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the numbers are."""
        if self.objective == "loss":
            return "validation loss"
        return "validation RMSE" if self.material.schema.classes is None else "validation accuracy"

    @property
    def is_maximised(self) -> bool:
        """Whether more is better."""
        return self.objective == "metric" and self.material.schema.classes is not None

    def of(self, epoch: Epoch) -> float:
        """Return an epoch's number."""
        return epoch.validation_loss if self.objective == "loss" else epoch.validation_metric

    def value(self, params: Train, policy: Policy, told: Told) -> float:
        """Train, and return the number of the epoch whose weights train would keep.

        Args:
            params: The section.
            policy: What is done to each batch.
            told: Is told of each epoch and its number; what it raises ends the training.
        """
        material, device = self.material, choose_device(params.device)
        train, validation = self._rows(params, device)
        seed = material.schema.product.seed
        with repeatable(seed, params.threads, device):
            network, started = prepared(material, params, train.known)
            history = fit(
                network.to(device),
                train,
                validation,
                params,
                policy,
                seed=seed,
                started=started,
                watch=lambda epoch: told(epoch.epoch, self.of(epoch)),
            )
        return self.of(min(history, key=lambda epoch: epoch.validation_loss))

    def _rows(self, params: Train, device: torch.device) -> tuple[Source, Rows]:
        """Return both parts, read once for all trials that hold them alike."""
        key = (device, params.channels_last, params.max_resident_gib, params.shuffle_buffer_gib)
        if key not in self._held:
            self._held.clear()
            held = self.material.validation().to(device, channels_last=params.channels_last)
            self._held[key] = self.material.train(params, device), held
        return self._held[key]
