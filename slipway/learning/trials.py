"""Train one configuration after another on the same rows, and say how good each is on the validation rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from slipway.learning.devices import choose_device, repeatable
from slipway.learning.loop import Epoch, fit
from slipway.learning.material import Material, prepared
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
        train, validation = (
            rows.to(device, channels_last=params.channels_last) for rows in (material.train, material.validation)
        )
        seed = material.schema.product.seed
        with repeatable(seed, params.threads):
            network = prepared(material.architecture(params.network), params, train.targets).to(device)
            history = fit(
                network,
                train,
                validation,
                params,
                policy,
                seed=seed,
                watch=lambda epoch: told(epoch.epoch, self.of(epoch)),
            )
        return self.of(min(history, key=lambda epoch: epoch.validation_loss))
