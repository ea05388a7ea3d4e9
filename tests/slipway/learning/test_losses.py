"""Losses against their definitions; a batch in pieces has the gradient of the whole."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from slipway.errors import DataError, ParamsError
from slipway.learning.losses import balanced_weights, training_loss, validation_loss
from slipway.learning.rows import JointTargets, Targets
from slipway.learning.stepping import Stepper, is_out_of_memory
from slipway.product.optimisation import BCE, MAE, MSE, SGD, CrossEntropy, Focal, Huber
from slipway.product.product import Target
from slipway.product.train import Train
from slipway.tables.heads import heads_of

LOGITS = torch.tensor([[2.0, -1.0, 0.0], [0.0, 1.0, 0.5], [-1.0, 0.0, 3.0]])
CLASSES = torch.tensor([0, 2, 2])
VALUES, WANTED = torch.tensor([1.0, 2.0, 5.0]), torch.tensor([1.0, 4.0, 1.0])
MANY = torch.tensor([0, 0, 0, 1, 2, 2])


def loss(section, targets=MANY, **changes):
    params = Train(loss=section, **changes)
    return training_loss(params, Targets.of(targets))


def test_cross_entropy_is_torchs_with_smoothing_and_weights():
    weights = balanced_weights(torch.bincount(MANY))
    ours = loss(CrossEntropy(name="cross_entropy"), label_smoothing=0.1, class_weights="balanced")
    assert ours.mean(LOGITS, CLASSES).item() == pytest.approx(
        functional.cross_entropy(LOGITS, CLASSES, weight=weights, label_smoothing=0.1).item()
    )
    plain = validation_loss(Train(label_smoothing=0.1, class_weights="balanced"), Targets.of(MANY))
    assert plain.mean(LOGITS, CLASSES).item() == pytest.approx(functional.cross_entropy(LOGITS, CLASSES).item())


def test_focal_with_gamma_0_is_cross_entropy_and_passes_over_what_is_known():
    assert loss(Focal(name="focal", gamma=0)).mean(LOGITS, CLASSES).item() == pytest.approx(
        functional.cross_entropy(LOGITS, CLASSES).item()
    )
    p = LOGITS.softmax(1)[range(3), CLASSES]
    assert loss(Focal(name="focal", gamma=2)).mean(LOGITS, CLASSES).item() == pytest.approx(
        (-((1 - p) ** 2) * p.log()).mean().item()
    )


def test_binary_cross_entropy_sums_each_class_against_the_rest():
    wanted = functional.one_hot(CLASSES, 3).float()
    assert loss(BCE(name="bce")).mean(LOGITS, CLASSES).item() == pytest.approx(
        3 * functional.binary_cross_entropy_with_logits(LOGITS, wanted).item()
    )


def test_losses_of_values_are_in_units_of_the_targets_spread():
    targets = torch.tensor([0.0, 4.0])  # variance 4, deviation 2
    assert loss(MSE(name="mse"), targets).mean(VALUES, WANTED).item() == pytest.approx(20 / 3 / 4)
    assert loss(MAE(name="mae"), targets).mean(VALUES, WANTED).item() == pytest.approx(2 / 2)
    assert loss(Huber(name="huber", delta=1), targets).mean(VALUES, WANTED).item() == pytest.approx((0.5 + 1.5) / 3)


def test_smoothing_and_weights_are_refused_where_they_mean_nothing():
    with pytest.raises(ValueError, match="label_smoothing is for cross_entropy and focal, and loss is mse"):
        Train(loss=MSE(name="mse"), label_smoothing=0.1)
    with pytest.raises(ValueError, match="class_weights is for losses of classes"):
        Train(loss=Huber(name="huber"), class_weights="balanced")
    with pytest.raises(ParamsError, match="the targets are values: allowed: mse, mae, huber"):
        validation_loss(Train(loss=Focal(name="focal")), Targets.of(WANTED))


HEADS = heads_of(
    {
        "kind": Target(classes=["a", "b", "c"]),
        "size": Target(task="regression"),
        "sold": Target(classes=["no", "yes"]),
    }
)
LABELS = heads_of(
    {
        "tags": Target(task="multilabel", label_delimiter=";", classes=["a", "b"]),
        "kind": Target(classes=["no", "yes"]),
    }
)
OUTPUTS = torch.tensor([[2.0, -1, 0, 1, 0, 1], [0, 1, 0.5, 2, 2, 0], [-1, 0, 3, 5, 1, 1], [0, 0, 1, 0, -1, 2]])
NAN = float("nan")
TARGETS = torch.tensor([[0, 1.0, NAN], [2, NAN, 1], [1, 4, 0], [2, 1, NAN]])


def joint(**changes):
    return training_loss(Train(**changes), JointTargets.of(TARGETS, HEADS))


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
@pytest.mark.parametrize("main", [None, Focal(name="focal"), BCE(name="bce")])
def test_a_joint_loss_is_the_weighted_sum_of_means_over_the_rows_that_have_each_target(class_weights, main):
    smoothing = 0.0 if isinstance(main, BCE) else 0.1
    changes = {"class_weights": class_weights, "label_smoothing": smoothing}
    ours = joint(loss=main, loss_weights={"size": 0.3, "sold": 2}, **changes).mean(OUTPUTS, TARGETS)
    kind, sold = TARGETS[:, 0].long(), TARGETS[1:3, 2].long()
    of_kind = loss(main, kind, **changes).mean(OUTPUTS[:, :3], kind)
    size = TARGETS[[0, 2, 3], 1]
    of_size = loss(None, size).mean(OUTPUTS[[0, 2, 3], 3], size)
    of_sold = loss(None, sold, class_weights=class_weights, label_smoothing=smoothing).mean(OUTPUTS[1:3, 4:], sold)
    assert ours.item() == pytest.approx((of_kind + 0.3 * of_size + 2 * of_sold).item(), rel=1e-5)


def test_rows_that_lack_a_target_teach_nothing_about_it_and_no_gradient_is_nan():
    outputs = OUTPUTS.clone().requires_grad_()
    joint().mean(outputs, TARGETS).backward()
    assert outputs.grad.isfinite().all()
    assert (outputs.grad[1, 3] == 0) and (outputs.grad[[0, 3], 4:] == 0).all()
    assert (outputs.grad[[1, 2], 4:] != 0).any()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.sampled_from([0.0, 1.0, NAN])), min_size=4, max_size=12),
    st.integers(1, 4),
    st.sampled_from(["none", "balanced"]),
)
def test_the_pieces_of_a_batch_add_up_to_it_whatever_is_missing(rows, pieces, class_weights):
    targets = torch.tensor([[kind, kind / 2 if has_size else NAN, sold] for kind, has_size, sold in rows])
    outputs = torch.randn(len(rows), 6, generator=torch.Generator().manual_seed(0))
    ours = joint(class_weights=class_weights, label_smoothing=0.1)
    parts = [
        ours.part(some, its, ours.share(its, targets))
        for some, its in zip(outputs.tensor_split(pieces), targets.tensor_split(pieces), strict=True)
    ]
    whole = ours.mean(outputs, targets)
    assert whole.isfinite()
    assert sum(parts).item() == pytest.approx(whole.item(), rel=1e-4, abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([(0.0, 1.0), (1.0, 1.0), (NAN, NAN)]), min_size=2, max_size=8), st.integers(1, 3))
def test_labels_are_learned_one_by_one_and_pieces_add_up(tags, pieces):
    targets = torch.tensor([[*pair, place % 2] for place, pair in enumerate([*tags, (0.0, 1.0), (1.0, 1.0)])])
    outputs = torch.randn(len(targets), 4, generator=torch.Generator().manual_seed(0))
    ours = training_loss(Train(loss_weights={"tags": 2}), JointTargets.of(targets, LABELS))
    known = ~targets[:, 0].isnan()
    of_tags = functional.binary_cross_entropy_with_logits(outputs[known, :2], targets[known, :2])
    of_kind = functional.cross_entropy(outputs[:, 2:], targets[:, 2].long())
    whole = ours.mean(outputs, targets)
    assert whole.item() == pytest.approx((2 * of_tags + of_kind).item(), rel=1e-5)
    parts = [
        ours.part(some, its, ours.share(its, targets))
        for some, its in zip(outputs.tensor_split(pieces), targets.tensor_split(pieces), strict=True)
    ]
    assert sum(parts).item() == pytest.approx(whole.item(), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": Focal(name="focal")}, "the target has many labels: allowed: bce"),
        ({"class_weights": "balanced"}, "are for classes that exclude each other"),
        ({"label_smoothing": 0.1}, "are for classes that exclude each other"),
    ],
)
def test_what_is_for_one_class_a_row_is_refused_where_there_are_many(changes, message):
    targets = torch.tensor([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    with pytest.raises(ParamsError, match=message):
        training_loss(Train(**changes), JointTargets.of(targets, LABELS))


def test_a_target_that_no_row_has_and_a_weight_of_none_are_refused():
    with pytest.raises(DataError, match="no training row has a value of 'sold'"):
        JointTargets.of(TARGETS[[0, 3]], HEADS)
    with pytest.raises(ParamsError, match=r"names \['colour'\], but the targets are"):
        joint(loss_weights={"colour": 1})
    with pytest.raises(ParamsError, match="this product has one"):
        loss(None, loss_weights={"kind": 2})


class Tight(torch.nn.Linear):
    """A layer whose memory holds four rows."""

    def forward(self, x):
        if len(x) > 4:
            raise torch.OutOfMemoryError("five rows are too many")
        return super().forward(x)


def test_what_a_cpu_says_without_memory_is_about_memory():
    said = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried ..."
    assert is_out_of_memory(RuntimeError(said))
    assert not is_out_of_memory(RuntimeError("shapes cannot be multiplied"))


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_a_batch_that_does_not_fit_is_learned_in_pieces_with_the_same_result(class_weights, caplog):
    x, y = torch.randn(16, 5, generator=torch.Generator().manual_seed(0)), torch.arange(16) % 3 % 2
    params = Train(optimizer=SGD(name="sgd"), lr=0.5, l1=0.01, clip_norm=0.1, class_weights=class_weights)
    layers = [torch.nn.Linear(5, 2), Tight(5, 2)]
    layers[1].load_state_dict(layers[0].state_dict())
    losses = []
    for layer in layers:
        stepper = Stepper(layer, params, training_loss(params, Targets.of(y)), torch.device("cpu"))
        losses.append(stepper.step(x, y).item())
    assert losses[0] == pytest.approx(losses[1])
    assert torch.allclose(layers[0].weight, layers[1].weight, atol=1e-7)
    assert "it is cut into 4" in caplog.text


def test_memory_that_does_not_hold_two_rows_is_an_error():
    class Tiny(torch.nn.Linear):
        def forward(self, x):
            raise torch.OutOfMemoryError("no row fits")

    stepper = Stepper(
        Tiny(5, 2), Train(), training_loss(Train(), Targets.of(torch.tensor([0, 1]))), torch.device("cpu")
    )
    with pytest.raises(torch.OutOfMemoryError):
        stepper.step(torch.zeros(16, 5), torch.zeros(16, dtype=torch.long))
