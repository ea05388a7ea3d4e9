"""Sentences on test rows that a reader of the metrics must know: what they lack, and answers that are all alike."""

import numpy as np

MAX_NAMED = 5


def class_notes(targets: np.ndarray, chosen: np.ndarray, classes: list[str]) -> list[str]:
    """Note classes that no test row has, and a class that all rows are given: [N] class indices each."""
    notes = _absent([name for index, name in enumerate(classes) if not (targets == index).any()], "class")
    if len(np.unique(targets)) == 1:
        notes.append("the test rows are of one class: there is no ROC, no precision against recall and no roc_auc")
    if len(given := np.unique(chosen)) == 1:
        notes.append(f"every test row is given the class '{classes[given[0]]}': the model tells no classes apart")
    return notes


def label_notes(targets: np.ndarray, given: np.ndarray, labels: list[str]) -> list[str]:
    """Note labels that no test row has, and answers that are all alike: [N, L] of 0 and 1 each."""
    notes = _absent([name for name, has in zip(labels, targets.T, strict=True) if not has.any()], "label")
    if (given == given[0]).all():
        held = [name for name, has in zip(labels, given[0], strict=True) if has]
        notes.append(f"every test row is given the same labels: {', '.join(held[:MAX_NAMED]) or 'none'}")
    return notes


def value_notes(targets: np.ndarray, values: np.ndarray) -> list[str]:
    """Note targets, or answers, that are all alike: [N] values each."""
    notes = []
    if np.ptp(targets) == 0:
        notes.append("all test rows have the same value: there is no variance to explain, and no r2")
    if np.ptp(values) == 0:
        notes.append("every test row is given the same value: the model tells no rows apart")
    return notes


def _absent(names: list[str], what: str) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    told = ", ".join(f"'{name}'" for name in names[:MAX_NAMED])
    return [f"no test row has the {what} {told}{more}: averages are over the others. Enlarge preprocess.split"]
