"""The training loop, on problems that can be solved in a second."""

import pytest
import torch
from problems import QUICK, learned, network, xor

from slipway.errors import DataError, Diverged, ParamsError
from slipway.learning.devices import autocast, choose_device, repeatable
from slipway.learning.loop import Epoch, Training, fit
from slipway.learning.rows import Rows
from slipway.product.augment import Policy
from slipway.product.optimisation import SGD, Adagrad, Adam, Constant, Huber, OneCycle, Plateau, RMSprop, Step
from slipway.product.train import Train


def test_a_network_with_a_hidden_layer_learns_xor() -> None:
    assert max(epoch.validation_metric for epoch in learned()[1]) > 0.95


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    weights = [learned(seed=seed)[0].state_dict()["0.weight"] for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_best_weights_are_kept_not_the_last() -> None:
    net, history = learned(QUICK.model_copy(update={"lr": 1.0, "epochs": 12}))
    best = min(epoch.validation_loss for epoch in history)
    loss = torch.nn.functional.cross_entropy(net.eval()(xor(50).features), xor(50).targets).item()
    assert loss == pytest.approx(best, rel=1e-5)
    assert history[-1].validation_loss > best


def test_training_stops_when_patience_is_over() -> None:
    history = learned(QUICK.model_copy(update={"epochs": 1000, "patience": 3, "lr": 0.5}))[1]
    best = min(range(len(history)), key=lambda i: history[i].validation_loss)
    assert len(history) == best + 1 + 3


def test_who_watches_is_told_of_each_epoch_and_may_end_the_training() -> None:
    seen = []

    def watch(epoch: Epoch) -> None:
        seen.append(epoch.epoch)
        if len(seen) == 2:
            raise KeyError("enough")

    with repeatable(1, 1), pytest.raises(KeyError, match="enough"):
        fit(network(), xor(), xor(), QUICK, Policy(), seed=1, watch=watch)
    assert seen == [1, 2]


def test_a_regression_learns_values_in_their_natural_units() -> None:
    x = xor().features
    rows = Rows(x, 5000 + 300 * x[:, 0])
    with repeatable(1, 1):
        net = network(1, "regression")
        net.center.copy_(rows.targets.mean())
        net.scale.copy_(rows.targets.std())
        history = fit(net, rows, rows, QUICK, Policy(), seed=1)
    assert min(epoch.validation_metric for epoch in history) < 20


def test_a_loss_that_explodes_is_an_error_that_names_the_rate() -> None:
    x = xor().features
    with repeatable(1, 1), pytest.raises(Diverged, match=r"batch 1 of epoch 1 is .*\s+Lower train.lr \(now 10"):
        fit(
            network(1, "regression"),
            Rows(x, x[:, 0] * 1e30),
            Rows(x, x[:, 0]),
            QUICK.model_copy(update={"lr": 10.0}),
            Policy(),
            seed=1,
        )


def test_after_a_loss_that_explodes_the_last_good_weights_are_back() -> None:
    net = network()
    x, y = xor(64).features.clone(), xor(64).targets
    seen = 0

    def poison(_: object, inputs: tuple[torch.Tensor]) -> None:
        nonlocal seen
        seen += net.training
        if seen == 10:  # the second batch of the third epoch
            inputs[0][0] = torch.nan

    net.register_forward_pre_hook(poison)
    with (
        repeatable(1, 1),
        pytest.raises(Diverged, match="batch 2 of epoch 3 is nan; the weights of epoch [12] are kept"),
    ):
        fit(net, Rows(x, y), xor(50), QUICK, Policy(), seed=1)
    assert all(tensor.isfinite().all() for tensor in net.state_dict().values())


def test_a_rate_that_makes_the_loss_grow_without_end_is_an_error() -> None:
    params = QUICK.model_copy(
        update={"optimizer": SGD(name="sgd", momentum=0.99), "lr": 10.0, "schedule": Constant(name="constant")}
    )
    x = xor().features * 100
    with repeatable(1, 1), pytest.raises(Diverged, match="Lower train.lr"):
        fit(network(1, "regression"), Rows(x, x[:, 0]), Rows(x, x[:, 0]), params, Policy(), seed=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": Adam(name="adam")},
        {"optimizer": SGD(name="sgd", nesterov=True), "lr": 0.2},
        {"optimizer": RMSprop(name="rmsprop"), "lr": 0.01},
        {"optimizer": Adagrad(name="adagrad"), "lr": 0.2},
        {"schedule": Constant(name="constant")},
        {"schedule": Step(name="step", every_epochs=20)},
        {"schedule": OneCycle(name="one_cycle")},
        {"schedule": Plateau(name="plateau")},
        {"clip_norm": 1.0},
        {"ema": 0.9},
        {"l1": 1e-5},
        {"label_smoothing": 0.05},
        {"class_weights": "balanced"},
        {"precision": "bf16"},
    ],
    ids=str,
)
def test_xor_is_learned_whatever_the_way(changes) -> None:
    history = learned(QUICK.model_copy(update=changes))[1]
    assert max(epoch.validation_metric for epoch in history) > 0.9


@pytest.mark.parametrize("class_weights", ["none", "balanced"])
def test_blended_rows_are_learned_from_in_pieces_as_in_one(class_weights) -> None:
    params = QUICK.model_copy(update={"epochs": 2, "class_weights": class_weights})
    with repeatable(1, 1):
        whole, cut = network(), network()
        cut.load_state_dict(whole.state_dict())
        for net, pieces in ((whole, 1), (cut, 3)):
            training = Training(net, xor(), xor(50), params, Policy(mixup=0.4), seed=1, checkpoint=None)
            training.stepper.num_pieces = pieces
            training.run_epoch()
    assert torch.allclose(whole.state_dict()["0.weight"], cut.state_dict()["0.weight"], atol=1e-5)


def test_l1_makes_weights_smaller() -> None:
    plain, pulled = (learned(QUICK.model_copy(update={"l1": l1}))[0] for l1 in (0.0, 0.01))
    size = [sum(weight.abs().sum().item() for weight in net.parameters()) for net in (plain, pulled)]
    assert size[1] < 0.7 * size[0]


def test_an_average_of_the_weights_is_judged_and_kept() -> None:
    net, history = learned(QUICK.model_copy(update={"ema": 0.99, "epochs": 3}))
    raw, _ = learned(QUICK.model_copy(update={"epochs": 3}))
    loss = torch.nn.functional.cross_entropy(net.eval()(xor(50).features), xor(50).targets).item()
    assert loss == pytest.approx(min(epoch.validation_loss for epoch in history), rel=1e-5)
    assert not torch.equal(net.state_dict()["0.weight"], raw.state_dict()["0.weight"])


def test_a_class_without_training_rows_is_an_error_with_the_mend() -> None:
    with pytest.raises(DataError, match=r"class number 2 .*Remove it from product.classes"):
        fit(network(3), xor(), xor(50), QUICK, Policy(), seed=1)


def test_a_network_whose_outputs_do_not_suit_the_targets_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"outputs of shape \(2, 1\) for two rows, and the classes need \(2, 2\)"):
        fit(network(1), xor(), xor(50), QUICK, Policy(), seed=1)
    values = Rows(xor().features, xor().features[:, 0])
    with pytest.raises(ParamsError, match=r"shape \(2, 2\) for two rows, and values need \(2,\)"):
        fit(network(2), values, values, QUICK, Policy(), seed=1)


def test_a_loss_of_values_is_refused_for_classes() -> None:
    with pytest.raises(ParamsError, match=r"loss.name = huber, but the targets are classes: allowed: cross_entropy"):
        fit(network(), xor(), xor(50), QUICK.model_copy(update={"loss": Huber(name="huber")}), Policy(), seed=1)


def test_half_precision_on_a_cpu_is_refused() -> None:
    with pytest.raises(DataError, match="fp16, which needs a GPU"):
        autocast(Train(precision="fp16"), torch.device("cpu"))


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="1 training and 50 validation rows"):
        fit(network(), xor(1), xor(50), QUICK, Policy(), seed=1)


def test_a_last_batch_is_never_a_single_row() -> None:
    sizes: list[int] = []
    net = network()
    net.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])) if net.training else None)
    fit(net, xor(33), xor(5), QUICK.model_copy(update={"epochs": 1}), Policy(), seed=1)
    assert sizes == [11, 11, 11]


def test_repeatable_puts_threads_and_generator_back() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with repeatable(1, 2):
        torch.rand(3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_an_error_with_the_mend() -> None:
    with pytest.raises(DataError, match="Use auto"):
        choose_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_the_same_problem() -> None:
    device = choose_device("auto")
    net = network().to(device)
    with repeatable(1, 1):
        history = fit(net, xor().to(device), xor(50).to(device), QUICK, Policy(noise=0.01), seed=1)
    assert device.type == "cuda"
    assert max(epoch.validation_metric for epoch in history) > 0.95
