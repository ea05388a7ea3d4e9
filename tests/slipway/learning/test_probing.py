"""Probing: which configurations are measured, and that real ones run."""

from dataclasses import replace

import pytest
from tiny_stages import write_stages

from slipway.errors import SlipwayError
from slipway.learning.material import Material
from slipway.learning.probing import Configuration, Measured, Options, Probe, fastest, options, probe
from slipway.product.augment import Policy
from slipway.product.networks import CNN, MLP
from slipway.product.train import Train

IMAGES = Options(precisions=("fp32", "bf16"), has_images=True, threads=[1, 2, 4], no_compiler=None)


def made(folder, **options):
    data = write_stages(folder, **options)
    return Material.of(data / "augment", data / "privatize")


def rated(rate):
    """Measure by a formula, and note what was asked for."""
    asked = []

    def measure(configuration):
        asked.append(configuration)
        return Measured(configuration, rate(configuration))

    return measure, asked


def test_the_fastest_in_one_thread_is_tried_with_more_and_then_compiled():
    measure, asked = rated(lambda one: (1 + one.channels_last) * (1 + (one.precision == "bf16")) * one.threads)
    best = fastest(probe(Configuration(), IMAGES, measure)).configuration
    assert asked[:4] == [Configuration(p, c) for p in ("fp32", "bf16") for c in (False, True)]
    assert best == Configuration("bf16", channels_last=True, threads=4)
    assert replace(best, compile=True) in asked
    assert Configuration("fp32", channels_last=True, threads=4) in asked, "for who wants the same numbers"
    assert len(asked) == len(set(asked))


def test_the_present_configuration_is_measured_whatever_it_is():
    measure, asked = rated(lambda one: 1.0)
    probe(Configuration(threads=3), IMAGES, measure)
    assert Configuration(threads=3) in asked


def test_without_a_compiler_nothing_is_compiled_and_the_reason_is_told():
    measure, asked = rated(lambda one: 1.0)
    measured = probe(Configuration(), replace(IMAGES, no_compiler="no C++ compiler (g++)"), measure)
    assert not [one for one in asked if one.compile]
    assert [one.skipped for one in measured if one.configuration.compile] == ["no C++ compiler (g++)"]


def test_a_network_that_does_not_train_is_an_error_with_the_reason():
    with pytest.raises(SlipwayError, match="nothing to compare: not enough memory"):
        probe(Configuration(), IMAGES, lambda one: Measured(one, None, "not enough memory"))


@pytest.mark.parametrize(("images", "network"), [(False, MLP(hidden=[4])), (True, CNN(channels=[2], hidden=4))])
def test_real_configurations_have_a_rate(tmp_path, images, network):
    material = made(tmp_path, images=images)
    params = Train(network=network, batch_size=16)
    measure = Probe(material, params, Policy(), seconds=0)
    choice = replace(options(material, measure.device), threads=[1], no_compiler="not in this test")
    measured = probe(Configuration.of(params), choice, measure)
    assert len([one for one in measured if one.rows_a_second]) == len(choice.precisions) * (1 + images)


def test_what_torch_cannot_do_here_is_skipped_with_its_reason(tmp_path, monkeypatch):
    material = made(tmp_path)
    measure = Probe(material, Train(batch_size=16), Policy(), seconds=0)

    def refuse(*_):
        raise RuntimeError("no kernel for this\nand a long story")

    monkeypatch.setattr("slipway.learning.probing.Stepper.step", refuse)
    assert measure(Configuration("bf16")) == Measured(Configuration("bf16"), None, "no kernel for this")


def test_a_table_says_what_becomes_of_the_results():
    assert Configuration().results == ""
    assert Configuration(threads=2).results == "may differ in the last bits"
    assert Configuration("bf16").results == "others: arithmetic is less precise"
    assert str(Configuration("bf16", True, True, 2)) == "bf16, channels last, compiled, 2 threads"


def test_what_the_section_refuses_is_skipped_with_its_reason(tmp_path):
    params = Train(network=MLP(hidden=[4]), batch_size=16, processes=2, fsdp=True)
    measure = Probe(made(tmp_path), params, Policy(), seconds=0)
    assert measure(Configuration()).rows_a_second
    skipped = measure(Configuration(compile=True)).skipped
    assert skipped == "fsdp goes without l1, compile, channels_last and fp16: use weight_decay and bf16"
