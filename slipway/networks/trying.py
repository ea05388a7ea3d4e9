"""Try a product's own network on a few rows, before hours of training show what is wrong with it."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from slipway.errors import ParamsError
from slipway.networks.building import Architecture, body_of
from slipway.networks.logits import LAST_STEPS, columns_of_classes, last_step, with_other_weights
from slipway.networks.own import own_errors, place_of

ROW_TOLERANCE = 1e-3
SHOWN = 6
LOGIT_ROWS = 8


def require_sound(network: nn.Module, architecture: Architecture, file: Path) -> None:
    """Refuse a network whose answers are not such as are needed, or some of whose weights no gradient reaches.

    A copy is tried: batch normalisation would learn from rows that are none.

    Args:
        network: As it was built.
        architecture: What it was built from.
        file: Where its code is, for errors.

    Raises:
        ParamsError: It raises; answers in another shape, not finite, for a row by its neighbour, or probabilities
            where logits are needed; or it cannot learn.
    """
    original = body_of(network)
    trial = _Trial(architecture, file, where=place_of(type(original), file, "forward", "__init__"))
    with own_errors("copying the network", file, otherwise=trial.where):
        body = deepcopy(original)
    body.eval()
    with torch.inference_mode():
        trial.require_answers(body)
        trial.require_logits(body)
    body.train()
    trial.require_learning(body)


def some_rows(architecture: Architecture, num_rows: int) -> Tensor:
    """Draw features of rows that are none: numbers [num_rows, ...], or tokens."""
    generator, shape = torch.Generator().manual_seed(0), (num_rows, *architecture.inputs)
    if architecture.vocabulary is None:
        return torch.randn(shape, generator=generator)
    return torch.randint(1, max(2, architecture.vocabulary), shape, generator=generator)


@dataclass(frozen=True)
class _Trial:
    """What is asked of a network, and where its code stands: the file, with a line that a refusal names."""

    architecture: Architecture
    file: Path
    where: str

    def require_answers(self, body: nn.Module) -> None:
        """Refuse answers that are not finite, or to a row by the others of its batch."""
        x = some_rows(self.architecture, 2)
        both, alone = self._answers(body, x), self._answers(body, x[:1])
        if not both.isfinite().all():
            raise self._refusal("answers numbers that are not finite, with the weights that it is drawn with")
        if not torch.allclose(both[:1], alone, rtol=ROW_TOLERANCE, atol=ROW_TOLERANCE):
            raise self._refusal(
                "answers for a row by the others of its batch, in evaluation too: a served record would get another "
                "answer in other company. Look for operations over dimension 0."
            )

    def require_logits(self, body: nn.Module) -> None:
        """Refuse probabilities."""
        x = some_rows(self.architecture, LOGIT_ROWS)
        answered = self._answers(body, x)
        for whose, columns in columns_of_classes(self.architecture):

            def changed(columns: slice = columns) -> list[Tensor]:
                return [self._answers(other, x)[:, columns] for other in with_other_weights(body)]

            step = last_step(answered[:, columns], changed)
            if step is not None:
                raise self._refusal(
                    f"answers {LAST_STEPS[step].what}{whose}, as behind a {step}. The loss wants raw logits, and takes "
                    f"the softmax or sigmoid itself: return what goes into the {step}. A release answers "
                    "probabilities all the same."
                )

    def require_learning(self, body: nn.Module) -> None:
        """Refuse weights that no gradient reaches."""
        weights = {name: each for name, each in body.named_parameters() if each.requires_grad}
        if not weights:
            raise self._refusal("no parameter requires a gradient: there is nothing to learn")
        answered = self._answers(body, some_rows(self.architecture, 2))
        if answered.requires_grad:
            with own_errors("a backward pass", self.file, otherwise=self.where):
                answered.float().square().sum().backward()
        unreached = [name for name, each in weights.items() if each.grad is None]
        if unreached:
            more = f" and {len(unreached) - SHOWN} more" if len(unreached) > SHOWN else ""
            raise self._refusal(
                f"no gradient reaches {', '.join(unreached[:SHOWN])}{more}: forward does not use them, or detaches "
                "them. Use them, remove them, or set their requires_grad to False."
            )

    def _answers(self, body: nn.Module, x: Tensor) -> Tensor:
        with own_errors(f"a forward pass of {list(x.shape)}", self.file, otherwise=self.where):
            answered = body(x)
        wanted, found = (len(x), self.architecture.outputs), type(answered).__name__
        if isinstance(answered, Tensor):
            found = f"{answered.dtype} {list(answered.shape)}".removeprefix("torch.")
        if not isinstance(answered, Tensor) or answered.shape != wanted or not answered.is_floating_point():
            raise self._refusal(f"answers {found} to {len(x)} rows, and must answer float32 {list(wanted)}")
        return answered

    def _refusal(self, said: str) -> ParamsError:
        return ParamsError(f"train.network: {self.where}: {said}")
