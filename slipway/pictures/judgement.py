"""The pictures of a judgement: how the answers for the main target compare with the truth, on the test rows."""

from slipway.judging.decision import Decision
from slipway.judging.label_metrics import binary
from slipway.judging.metrics import class_curves, label_curves
from slipway.judging.subject import Subject
from slipway.pictures.judging import calibration, confusion, cost_by_threshold, precision_recall, residuals, roc


def judgement_pictures(subject: Subject, decision: Decision) -> dict[str, str]:
    """Return SVG pictures by name; curves that the rows do not have are left out."""
    name = subject.schema.require_target()
    test, validation, classes = subject.answered[name]["test"], subject.answered[name]["validation"], decision.classes
    if classes is None:
        return {"residuals": residuals(test.targets, test.scores)}
    probabilities = decision.probabilities(test.scores)
    uncalibrated = decision.model_copy(update={"temperature": 1.0}).probabilities(test.scores)
    if decision.has_labels:
        flat, both = binary(test.targets, probabilities)
        curves = label_curves(test.targets > 0, probabilities)
        found = {"calibration": calibration(flat, binary(test.targets, uncalibrated)[1], both)}
    else:
        curves = class_curves(test.targets, probabilities)
        found = {
            "confusion": confusion(test.targets, subject.chosen("test", name, decision), classes),
            "calibration": calibration(test.targets, uncalibrated, probabilities),
        }
    if curves:
        found |= {"roc": roc(curves, classes), "precision_recall": precision_recall(curves, classes)}
    if decision.threshold is not None and len(validation.targets):
        score = decision.probabilities(validation.scores)[:, 1]
        found["costs"] = cost_by_threshold(validation.targets, score, decision)
    return found
