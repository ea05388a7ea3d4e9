"""How far one classifier's answers are from another's, as distillation learns from it."""

from torch import Tensor
from torch.nn import functional


def distance_of_logits(logits: Tensor, answers: Tensor, temperature: float) -> Tensor:
    """Return the Kullback-Leibler divergence of both softmaxes at the temperature, times its square.

    The square keeps gradients as large as those of the targets' own loss, whatever the temperature is (Hinton et al.
    2015, section 2).

    Args:
        logits: [B, classes] of the network that learns.
        answers: [B, classes] of the one that it learns from.
        temperature: Above 0.
    """
    ours, theirs = ((each.float() / temperature).log_softmax(1) for each in (logits, answers))
    return temperature**2 * functional.kl_div(ours, theirs, log_target=True, reduction="batchmean")
