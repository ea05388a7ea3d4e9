"""Simple models of scikit-learn, with its defaults, as a measure for the network: constant, linear, gradient boosting.

They learn from the same rows as the transform gives them; of a product of texts, from the tf-idf of words.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from slipway.product.evaluate import Baseline
from slipway.tables.schema import Schema
from slipway.tables.targets import targets
from slipway.transform.applying import features
from slipway.transform.fitted import Transform

Learner = Callable[..., np.ndarray]

FREE_CLASSES = 10
MOST_CLASSES = 100
FEWEST_ROUNDS = 10


@dataclass(frozen=True)
class Effort:
    """How much work they may be.

    Attributes:
        cells: Rows times features that they learn from; None is no bound.
        features: Gradient boosting is shown the main directions where there are more; None is no bound.
        directions: How many of these there are.
        words: Of texts, how many words beside each other are looked at as one.
        iterations: Of logistic regression.
        trees: Of gradient boosting, which grows one for each class in each of at most a hundred rounds.
    """

    cells: int | None = 1_500_000
    features: int | None = 256
    directions: int = 64
    words: int = 1
    iterations: int = 100
    trees: int = 500

    def rows(self, transform: Transform, num_classes: int) -> int | None:
        """Return how many rows they learn from at most: of many classes fewer, for each has its own weights."""
        if self.cells is None:
            return None
        a_row = int(np.prod(transform.feature_shape)) * max(1.0, num_classes / FREE_CLASSES)
        return max(1, int(self.cells / a_row))


@dataclass
class Fitted:
    """What became of them, by kind.

    Attributes:
        answers: For the test rows: probabilities [N, C], or values [N].
        skipped: Why there is none.
        notes: What was done for the sake of the effort, or went less well.
    """

    answers: dict[Baseline, np.ndarray] = field(default_factory=dict)
    skipped: dict[Baseline, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fit_baselines(
    train: pl.DataFrame,
    test: pl.DataFrame,
    schema: Schema,
    transform: Transform,
    kinds: Sequence[Baseline],
    effort: Effort,
) -> Fitted:
    """Fit them to rows whose main target, a class or a value, is known, and have them answer others."""
    from threadpoolctl import threadpool_limits

    fitted, wanted = Fitted(), targets(train, schema)
    num_classes = len(schema.classes or [])
    learners: dict[Baseline, Learner] = {"linear": _linear, "gradient_boosting": _boosting}
    with threadpool_limits(limits=1):  # the last digits hang on the order of sums, and that on the threads
        if "constant" in kinds:
            fitted.answers["constant"] = _constant(wanted, test.height, num_classes)
        learning = [kind for kind in kinds if kind in learners]
        inputs = _inputs(train, test, transform, effort) if learning else None
        for kind in learning:
            if (reason := _obstacle(kind, inputs, wanted, num_classes)) is not None:
                fitted.skipped[kind] = reason
            else:
                assert inputs is not None, "an obstacle"
                answer = learners[kind](*inputs, wanted, schema, effort, fitted.notes)
                fitted.answers[kind] = answer
    return fitted


def _obstacle(kind: Baseline, inputs: object, wanted: np.ndarray, num_classes: int) -> str | None:
    if inputs is None:
        return "the training texts hold no word of two letters"
    if len(np.unique(wanted)) < 2:
        return "all rows that it may learn from have the same target"
    if kind == "gradient_boosting" and num_classes > MOST_CLASSES:
        return f"it grows a tree for each of {num_classes} classes a round; more than {MOST_CLASSES} are too dear"
    return None


def _inputs(train: pl.DataFrame, test: pl.DataFrame, transform: Transform, effort: Effort) -> tuple[Any, Any] | None:
    """Return what they see of both: [N, F] float32, or a sparse matrix of tf-idf; None where no text has a word."""
    if transform.tokens is None:
        train_features, test_features = (features(rows, transform).reshape(rows.height, -1) for rows in (train, test))
        return train_features, test_features
    from sklearn.feature_extraction.text import TfidfVectorizer

    column = transform.tokens.column
    known, asked = (rows[column].cast(pl.String).fill_null("").to_list() for rows in (train, test))
    vectors = TfidfVectorizer(ngram_range=(1, effort.words), dtype=np.float32)
    words = vectors.build_analyzer()
    if not any(words(text) for text in known):
        return None
    return vectors.fit_transform(known), vectors.transform(asked)


def _constant(wanted: np.ndarray, num_rows: int, num_classes: int) -> np.ndarray:
    """Answer all rows alike: with the shares of the classes, or with the mean."""
    if not num_classes:
        return np.full(num_rows, wanted.mean())
    return np.tile(np.bincount(wanted, minlength=num_classes) / len(wanted), (num_rows, 1))


def _linear(known: Any, asked: Any, wanted: np.ndarray, schema: Schema, effort: Effort, notes: list[str]) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression, Ridge

    if schema.classes is None:
        return Ridge().fit(known.astype(np.float64), wanted).predict(asked.astype(np.float64))
    model = LogisticRegression(max_iter=effort.iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(known, wanted)
    if model.n_iter_.max() >= effort.iterations:
        notes.append(f"logistic regression was stopped after {effort.iterations} iterations, before it converged")
    return _spread(model, asked, len(schema.classes))


def _boosting(
    known: Any, asked: Any, wanted: np.ndarray, schema: Schema, effort: Effort, notes: list[str]
) -> np.ndarray:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    seed, classes = schema.product.seed, schema.classes
    known, asked = _condensed(known, asked, effort, seed, notes)
    if classes is None:
        return HistGradientBoostingRegressor(random_state=seed).fit(known, wanted).predict(asked)
    rounds = min(100, max(FEWEST_ROUNDS, effort.trees // max(1, len(classes)))) if len(classes) > 2 else 100
    if rounds < 100:
        notes.append(f"gradient boosting went {rounds} rounds instead of 100: {len(classes)} classes have a tree each")
    is_rare = np.unique(wanted, return_counts=True)[1].min() < 2  # it could not be dealt out to stop early by
    stopping = False if is_rare else "auto"
    model = HistGradientBoostingClassifier(random_state=seed, max_iter=rounds, early_stopping=stopping)
    return _spread(model.fit(known, wanted), asked, len(classes))


def _condensed(known: Any, asked: Any, effort: Effort, seed: int, notes: list[str]) -> tuple[Any, Any]:
    """Return dense features, in fewer directions where they are many (truncated singular value decomposition)."""
    from scipy.sparse import issparse
    from sklearn.decomposition import TruncatedSVD

    num_features = known.shape[1]
    most = effort.directions if issparse(known) else effort.features
    if most is None or num_features <= most:
        return (known.toarray(), asked.toarray()) if issparse(known) else (known, asked)
    directions = TruncatedSVD(min(effort.directions, num_features), random_state=seed).fit(known)
    notes.append(f"gradient boosting saw {num_features:,} features in their {effort.directions} main directions")
    return directions.transform(known), directions.transform(asked)


def _spread(model: Any, asked: Any, num_classes: int) -> np.ndarray:
    """Return probabilities [N, C] of all classes: one that no training row has is given none."""
    spread = np.zeros((asked.shape[0], num_classes))
    spread[:, model.classes_] = model.predict_proba(asked)
    return spread
