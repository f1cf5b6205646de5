"""The temperature is found again when the truth was drawn at it."""

import numpy as np
import pytest

from tastemaker.metrics.calibration import temperature


@pytest.mark.parametrize("true_temperature", [0.001, 0.3, 20.0])
def test_the_temperature_that_made_the_choices_is_found(true_temperature):
    rng = np.random.default_rng(0)
    logit_UI = rng.normal(0, 2, (3000, 20))
    chance_UI = np.exp(logit_UI) / np.exp(logit_UI).sum(axis=1, keepdims=True)
    truth_U = (chance_UI.cumsum(axis=1) < rng.random((3000, 1))).sum(axis=1).astype(np.int32)
    found = temperature((logit_UI * true_temperature).astype(np.float32), truth_U)
    assert found == pytest.approx(true_temperature, rel=0.05)


def test_without_anything_to_learn_it_is_1():
    assert temperature(np.zeros((0, 5), np.float32), np.zeros(0, np.int32)) == 1.0
    assert temperature(np.ones((2, 5), np.float32), np.zeros(2, np.int32)) == 1.0
