"""The learning rate as a function of how far training is: without state, so a run that goes on needs none of it.

torch's schedulers give the same rates (tests compare them); stepped after each batch, they cost a tenth of a small
network's step.
"""

import math
from collections.abc import Callable

from slipway.product.optimisation import Cosine, OneCycle, Plateau, Step
from slipway.product.train import Train

Factor = Callable[[float], float]
"""From epochs that have passed, in parts too, to what the rate is multiplied by."""

FIRST_SHARE, LAST_SHARE = 1 / 25, 1e-4 / 25
"""Of the full rate, at the start and the end of one cycle; torch.optim.lr_scheduler.OneCycleLR has them, too."""


def schedule(params: Train) -> Factor:
    """Return the schedule's factor; a plateau's is 1 here, and `PlateauState` adds what it learns."""
    choice, warmup = params.schedule, params.schedule.warmup_epochs
    course = params.epochs - warmup

    def factor(epochs: float) -> float:
        if epochs < warmup:
            return epochs / warmup
        done = min(1.0, (epochs - warmup) / course) if course > 0 else 1.0
        if isinstance(choice, Cosine):
            return (1 + math.cos(math.pi * done)) / 2
        if isinstance(choice, Step):
            return float(choice.factor ** ((epochs - warmup) // choice.every_epochs))
        if isinstance(choice, OneCycle):
            if done < choice.rising:
                return _between(FIRST_SHARE, 1.0, done / choice.rising)
            return _between(1.0, LAST_SHARE, (done - choice.rising) / (1 - choice.rising))
        return 1.0

    return factor


def _between(start: float, end: float, done: float) -> float:
    """Go from one to the other along half a cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


class PlateauState:
    """What a plateau schedule has seen: the lowest loss, and the factor by which the rate has fallen.

    Attributes:
        factor: What the rate is multiplied by.
    """

    def __init__(self, choice: object) -> None:
        self.choice = choice if isinstance(choice, Plateau) else None
        self.factor, self.lowest, self.waited = 1.0, math.inf, 0

    def see(self, validation_loss: float) -> None:
        """Note the loss of an epoch."""
        if self.choice is None:
            return
        if validation_loss < self.lowest:
            self.lowest, self.waited = validation_loss, 0
            return
        self.waited += 1
        if self.waited > self.choice.patience:
            self.factor, self.waited = self.factor * self.choice.factor, 0

    def state(self) -> tuple[float, float, int]:
        """Return what a checkpoint keeps."""
        return self.factor, self.lowest, self.waited

    def restore(self, state: tuple[float, float, int]) -> None:
        """Take what a checkpoint kept."""
        self.factor, self.lowest, self.waited = state
