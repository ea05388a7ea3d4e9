"""Profiling: real steps, with the parts of a step, the costliest operators and a trace that a browser reads."""

import json

import pytest
from tiny_stages import write_stages

from slipway.learning.material import Material
from slipway.learning.profiling import PHASES, STEPS, profiled
from slipway.product.augment import Policy
from slipway.product.networks import CNN, MLP
from slipway.product.train import Train


@pytest.mark.parametrize(
    ("images", "network", "operator"), [(False, MLP(hidden=[4]), "addmm"), (True, CNN(channels=[2]), "convolution")]
)
def test_the_parts_of_every_step_and_the_operators_of_the_network_are_seen(tmp_path, images, network, operator):
    data = write_stages(tmp_path, images=images)
    material = Material.of(data / "augment", data / "privatize")
    found = profiled(material, Train(network=network, batch_size=16), Policy(), tmp_path / "work" / "trace.json")
    assert [(each.name, each.calls) for each in found.phases] == [(name, STEPS) for name in PHASES]
    assert all(each.milliseconds > 0 for each in found.phases)
    times = [each.milliseconds for each in found.operators]
    assert times == sorted(times, reverse=True)
    calls = {each.name: each.calls for each in found.operators}
    assert any(operator in name and count >= STEPS for name, count in calls.items())
    assert not {*PHASES} & {*calls}
    events = json.loads(found.trace.read_bytes())["traceEvents"]
    assert sum(event.get("name") == "learn" and event.get("cat") == "user_annotation" for event in events) == STEPS


@pytest.mark.gpu
def test_on_a_gpu_the_operators_are_ranked_by_the_time_of_its_kernels(tmp_path):
    data = write_stages(tmp_path)
    material = Material.of(data / "augment", data / "privatize")
    found = profiled(material, Train(network=MLP(hidden=[64]), batch_size=16, device="cuda"), Policy(), tmp_path / "t")
    assert found.device == "cuda"
    assert sum(each.milliseconds for each in found.operators) > 0
