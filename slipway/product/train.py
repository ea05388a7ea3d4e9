"""The `train` section: the network and how it learns."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from slipway.product.networks import MLP, Network
from slipway.product.optimisation import BCE, AdamW, AnySchedule, Cosine, Loss, Optimizer, ValueLoss
from slipway.product.section import Section, is_empty
from slipway.product.start import Start

NO_INFLUENCE = {"checkpoint_seconds"}
"""Keys of the section that change nothing of what is learned."""

Initialisation = Literal["default", "zeros", "normal", "xavier", "he", "orthogonal"]


class Train(Section):
    """The network and how it learns."""

    network: Network = MLP()
    """The network's family and size."""

    init: Initialisation = "default"
    """Weights at the start: normal has a deviation of 0.02, xavier and he are uniform; default is each layer's own."""

    start: Start | None = None
    """Weights of another training to begin with; null: all start fresh, as init says."""

    ensemble: int = Field(default=1, ge=1, le=64)
    """Networks that are trained one after another, each from a seed of its own; their mean is the model."""

    epochs: int = Field(default=100, ge=1, le=100_000)
    """Passes over the training rows at most."""

    patience: int = Field(default=15, ge=1)
    """Stop after so many epochs without a better validation loss; the best weights are kept."""

    batch_size: int = Field(default=64, ge=2)
    """Rows of one step, nearly: an epoch is cut into equal parts, none larger but to spare one of a single row."""

    optimizer: Optimizer = AdamW()
    """How gradients become steps."""

    lr: float = Field(default=1e-3, gt=0, le=10)
    """Learning rate at its height."""

    schedule: AnySchedule = Cosine()
    """How the rate changes while training goes on."""

    weight_decay: float = Field(default=1e-2, ge=0, le=10)
    """Pull of each step towards zero weights; decoupled from the gradient in adamw, L2 in the others."""

    l1: float = Field(default=0.0, ge=0, le=10)
    """What the sum of the weights' absolute values is multiplied by before it joins the loss."""

    loss: Loss | None = None
    """What is made small; null: cross_entropy of classes, bce of labels, mse of values, as for `more_targets`."""

    loss_weights: dict[str, Annotated[float, Field(gt=0, le=1000)]] = Field(default={}, exclude_if=is_empty)
    """What a target's loss is multiplied by before all are added up, by column; 1 where it is not listed."""

    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Probability mass spread evenly over the classes."""

    class_weights: Literal["none", "balanced"] = "none"
    """balanced: each class weighs alike in the loss, however many rows it has; a main target of labels refuses it."""

    clip_norm: float | None = Field(default=None, gt=0)
    """Longest gradient of a step; a longer one is shortened to it."""

    ema: float | None = Field(default=None, gt=0, lt=1)
    """Decay of an exponential moving average of the weights, which is then judged and kept instead of them."""

    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """Of the network's arithmetic; weights stay fp32. fp16 needs a GPU, and scales the loss."""

    channels_last: bool = False
    """Whether images lie in memory pixel by pixel, with a pixel's channels together."""

    compile: bool = False
    """Whether torch.compile makes kernels for the network first, which takes seconds."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """auto: a GPU where there is one."""

    processes: int = Field(default=1, ge=1, le=64)
    """Processes that share each batch, one for each GPU or some cores; 1 is fastest for small networks on a CPU."""

    fsdp: bool = Field(default=False, exclude_if=is_empty)
    """Whether processes part weights, gradients and the optimiser's state: for what one GPU holds, but not trains."""

    threads: int = Field(default=1, ge=1, le=256)
    """CPU threads of torch, in each process; one is fastest for small networks and gives the same bytes everywhere."""

    max_resident_gib: float = Field(default=4, ge=0)
    """Training rows whose features take more are not held: they are streamed from the table."""

    shuffle_buffer_gib: float = Field(default=0.25, gt=0)
    """Streamed rows that are shuffled together take so much; twice as much is held."""

    checkpoint_seconds: float = Field(default=30, ge=0)
    """Seconds between two checkpoints, from which a run that was killed goes on."""

    @model_validator(mode="after")
    def _loss_takes_what_is_asked_of_it(self) -> Self:
        if self.label_smoothing and isinstance(self.loss, BCE | ValueLoss):
            raise ValueError(f"label_smoothing is for cross_entropy and focal, and loss is {self.loss.name}")
        if self.class_weights != "none" and isinstance(self.loss, ValueLoss):
            raise ValueError(f"class_weights is for losses of classes, and loss is {self.loss.name}")
        return self

    @model_validator(mode="after")
    def _what_is_parted_can_be(self) -> Self:
        if self.fsdp and self.processes == 1:
            raise ValueError("fsdp parts weights among processes, and there is one: set processes, or leave fsdp out")
        if self.fsdp and (self.l1 or self.compile or self.channels_last or self.precision == "fp16"):
            raise ValueError("fsdp goes without l1, compile, channels_last and fp16: use weight_decay and bf16")
        return self

    @model_validator(mode="after")
    def _frozen_weights_thaw_before_the_end(self) -> Self:
        thaw = None if self.start is None else self.start.thaw_after_epochs
        if thaw is not None and thaw >= self.epochs:
            raise ValueError(
                f"start.thaw_after_epochs = {thaw} must be less than epochs = {self.epochs}, or be left out"
            )
        return self
