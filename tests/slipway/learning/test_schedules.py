"""Rates as torch's schedulers have them, without their state."""

import pytest
import torch
from torch.optim import lr_scheduler

from slipway.learning.schedules import PlateauState, schedule
from slipway.product.optimisation import Constant, Cosine, OneCycle, Plateau, Step
from slipway.product.train import Train

EPOCHS = 12


def theirs(make, steps, losses=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = make(optimizer), []
    for place in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([] if losses is None else [losses[place]]))
    return rates


def ours(choice, times):
    factor = schedule(Train(epochs=EPOCHS, schedule=choice))
    return [factor(time) for time in times]


@pytest.mark.parametrize(
    ("choice", "make"),
    [
        (Cosine(), lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)),
        (Step(name="step", every_epochs=5, factor=0.5), lambda optimizer: lr_scheduler.StepLR(optimizer, 5, 0.5)),
        (Constant(name="constant"), lambda optimizer: lr_scheduler.ConstantLR(optimizer, 1.0)),
    ],
    ids=["cosine", "step", "constant"],
)
def test_epoch_by_epoch_the_rate_is_torchs(choice, make):
    assert ours(choice, range(EPOCHS)) == pytest.approx(theirs(make, EPOCHS))


def test_one_cycle_is_torchs_batch_by_batch():
    steps = 10 * EPOCHS + 1  # torch counts the last step, too
    rates = theirs(lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=steps), steps)
    rising = (0.3 * steps - 1) / (steps - 1)  # ... and lets the rise end a step earlier
    choice = OneCycle(name="one_cycle", rising=rising)
    assert ours(choice, [step / 10 for step in range(steps)]) == pytest.approx(rates, abs=1e-6)


def test_warm_up_rises_in_a_straight_line_and_the_course_begins_after_it():
    rates = ours(Cosine(warmup_epochs=2), [0, 0.5, 1, 2, 7, 12])
    assert rates == pytest.approx([0, 0.25, 0.5, 1, 0.5, 0])


def test_a_plateau_falls_when_torchs_does():
    losses = [1.0, 0.9, 0.9, 0.95, 0.91, 0.8, 0.85, 0.86, 0.87, 0.9, 0.9, 0.9]
    rates = theirs(
        lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2, threshold=0),
        len(losses),
        losses,
    )
    state, factors = PlateauState(Plateau(name="plateau", factor=0.5, patience=2)), []
    for loss in losses:
        factors.append(state.factor)
        state.see(loss)
    assert factors == rates
    other = PlateauState(Plateau(name="plateau"))
    other.restore(state.state())
    assert other.state() == state.state()
