"""Calibration of probabilities: softmax with a temperature, its fit, and how far off probabilities are."""

import math

import numpy as np

BINS = 10  # of equal width; one number, so that an ece is comparable wherever it stands

TEMPERATURE_RANGE = (0.05, 20.0)


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Return probabilities [N, C] float64 of logits [N, C] divided by `temperature`.

    >>> softmax(np.array([[0.0, math.log(3)]])).round(3).tolist()
    [[0.25, 0.75]]
    """
    return np.exp(_log_softmax(logits, temperature))


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the temperature that minimises the negative log-likelihood (Guo et al. 2017, section 4.2).

    One number cannot change which class is the largest, so accuracy stays. As in Platt (1999, section 2.2)
    the targets give up 1 / (N + 2) of their mass: rows that are all right would otherwise drive the
    temperature to zero, and one mistake on new rows would cost an unbounded loss.

    Args:
        logits: [N, C], of rows that the network was not trained on.
        targets: [N] class indices.

    >>> overconfident = np.array([[8.0, 0.0], [8.0, 0.0], [8.0, 0.0], [8.0, 0.0]] * 50)
    >>> round(fit_temperature(overconfident, np.array([0, 0, 0, 1] * 50)), 1)  # 8 / log(3)
    7.4
    """
    from scipy.optimize import minimize_scalar  # compress imports this module, but fits nothing

    num_rows, num_classes = logits.shape
    soft = np.full((num_rows, num_classes), 1 / (num_rows + 2) / (num_classes - 1))
    soft[np.arange(num_rows), targets] = 1 - 1 / (num_rows + 2)

    def loss(log_temperature: float) -> float:
        return float(-(soft * _log_softmax(logits, math.exp(log_temperature))).sum(axis=1).mean())

    low, high = TEMPERATURE_RANGE
    best = minimize_scalar(loss, bounds=(math.log(low), math.log(high)), method="bounded", options={"xatol": 1e-6})
    return round(math.exp(best.x), 6) if loss(best.x) < loss(0.0) else 1.0


def expected_calibration_error(targets: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the mean gap between confidence and accuracy, weighted by rows (Guo et al. 2017, equation 3).

    >>> expected_calibration_error(np.array([0, 1]), np.array([[0.75, 0.25], [0.75, 0.25]]))
    0.25
    """
    gaps = [one["rows"] * abs(one["accuracy"] - one["confidence"]) for one in reliability(targets, probabilities)]
    return sum(gaps) / len(targets)


def reliability(targets: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Return rows, mean confidence and accuracy of each bin that has rows.

    Bins are of equal width over the probability of the predicted class, open below: (0, 0.1], (0.1, 0.2] ...
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == targets
    index = confidence_bins(confidence)
    rows = np.bincount(index, minlength=BINS)
    sums = np.bincount(index, weights=confidence, minlength=BINS)
    hits = np.bincount(index, weights=correct, minlength=BINS)
    return [
        {"rows": int(rows[i]), "confidence": float(sums[i] / rows[i]), "accuracy": float(hits[i] / rows[i])}
        for i in np.flatnonzero(rows)
    ]


def confidence_bins(confidence: np.ndarray) -> np.ndarray:
    """Return each confidence's bin, 0 to BINS - 1."""
    return np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def _log_softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    return scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
