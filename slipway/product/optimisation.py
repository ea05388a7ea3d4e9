"""How weights are changed: optimisers, schedules of the learning rate and losses, as `train` names them."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.product.section import Section

Beta = Annotated[float, Field(ge=0, lt=1)]


class AdamW(Section):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    name: Literal["adamw"] = "adamw"
    """Which optimiser."""

    beta1: Beta = 0.9
    """Decay of the mean of gradients."""

    beta2: Beta = 0.999
    """Decay of the mean of their squares."""


class Adam(Section):
    """Adam (Kingma and Ba 2015); weight decay is L2, a part of the gradient."""

    name: Literal["adam"]
    """Which optimiser."""

    beta1: Beta = 0.9
    """Decay of the mean of gradients."""

    beta2: Beta = 0.999
    """Decay of the mean of their squares."""


class SGD(Section):
    """Stochastic gradient descent with momentum; weight decay is L2."""

    name: Literal["sgd"]
    """Which optimiser."""

    momentum: Beta = 0.9
    """Share of the last step that goes on."""

    nesterov: bool = False
    """Whether the gradient is taken where the momentum leads."""


class RMSprop(Section):
    """Steps divided by the root of a running mean of squared gradients (Hinton 2012); weight decay is L2."""

    name: Literal["rmsprop"]
    """Which optimiser."""

    alpha: Beta = 0.99
    """Decay of that mean."""

    momentum: Beta = 0.0
    """Share of the last step that goes on."""


class Adagrad(Section):
    """Steps divided by the root of all squared gradients (Duchi et al. 2011); weight decay is L2."""

    name: Literal["adagrad"]
    """Which optimiser."""


Optimizer = Annotated[AdamW | Adam | SGD | RMSprop | Adagrad, Field(discriminator="name")]


class Schedule(Section):
    """What all schedules have."""

    warmup_epochs: float = Field(default=0, ge=0, le=10_000)
    """Epochs in which the rate rises from nothing in a straight line, before the schedule's own course."""


class Constant(Schedule):
    """The same rate throughout."""

    name: Literal["constant"]
    """Which schedule."""


class Step(Schedule):
    """The rate is multiplied by a factor every so many epochs."""

    name: Literal["step"]
    """Which schedule."""

    every_epochs: int = Field(default=10, ge=1)
    """Epochs between two falls."""

    factor: float = Field(default=0.1, gt=0, lt=1)
    """What is left of the rate after each."""


class Cosine(Schedule):
    """The rate falls to zero along half a cosine (Loshchilov and Hutter 2017)."""

    name: Literal["cosine"] = "cosine"
    """Which schedule."""


class OneCycle(Schedule):
    """The rate rises from a 25th to its full height, then falls to almost nothing (Smith and Topin 2018)."""

    name: Literal["one_cycle"]
    """Which schedule."""

    rising: float = Field(default=0.3, gt=0, lt=1)
    """Share of the training in which it rises."""


class Plateau(Schedule):
    """The rate is multiplied by a factor when the validation loss has not fallen for some epochs."""

    name: Literal["plateau"]
    """Which schedule."""

    patience: int = Field(default=5, ge=1)
    """Epochs without a lower validation loss."""

    factor: float = Field(default=0.1, gt=0, lt=1)
    """What is left of the rate."""


AnySchedule = Annotated[Constant | Step | Cosine | OneCycle | Plateau, Field(discriminator="name")]


class CrossEntropy(Section):
    """Cross-entropy between the classes' softmax and the truth."""

    name: Literal["cross_entropy"]
    """Which loss."""


class BCE(Section):
    """Binary cross-entropy of each class against the rest, summed."""

    name: Literal["bce"]
    """Which loss."""


class Focal(Section):
    """Cross-entropy that passes over what is known well (Lin et al. 2017)."""

    name: Literal["focal"]
    """Which loss."""

    gamma: float = Field(default=2.0, ge=0, le=10)
    """How fast the weight of a row falls with the probability of its class; 0 is cross-entropy."""


class MSE(Section):
    """Mean squared error, in units of the target's variance."""

    name: Literal["mse"]
    """Which loss."""


class MAE(Section):
    """Mean absolute error, in units of the target's standard deviation."""

    name: Literal["mae"]
    """Which loss."""


class Huber(Section):
    """Squared near zero and absolute beyond (Huber 1964), in units of the target's standard deviation."""

    name: Literal["huber"]
    """Which loss."""

    delta: float = Field(default=1.0, gt=0)
    """Where it turns from one into the other."""


ClassLoss = CrossEntropy | BCE | Focal
ValueLoss = MSE | MAE | Huber
Loss = Annotated[ClassLoss | ValueLoss, Field(discriminator="name")]
