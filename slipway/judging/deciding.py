"""Fits the decision of a target on the validation rows: temperature, costs, thresholds of groups."""

import numpy as np

from slipway.errors import ParamsError
from slipway.judging.costs import cost_matrix, least_cost_threshold
from slipway.judging.decision import Decision, GroupThresholds, fit_decision, fit_label_decision
from slipway.judging.groups import fit_grouping, names_in
from slipway.judging.metrics import check_rows
from slipway.judging.mitigating import fit_thresholds
from slipway.judging.subject import Answered, Subject
from slipway.product.evaluate import Evaluate
from slipway.product.mitigation import Mitigation
from slipway.tables.schema import Schema
from slipway.transform.fitted import Transform


def decide(subject: Subject, name: str, params: Evaluate) -> tuple[Decision, list[str]]:
    """Return the decision of a target, and notes on what could not be fitted.

    Costs and mitigation are those of the main target; the others are decided by the largest probability.

    Raises:
        ParamsError: costs or mitigation do not fit the product.
        DataError: the network's answers are not finite.
    """
    schema, validation = subject.schema, subject.answered[name]["validation"].known()
    target, is_main = schema.targets[name], name == schema.require_target()
    if len(validation.targets):
        check_rows(validation.targets, validation.scores)
    if is_main:
        check_params(params, schema, subject.transform)
    if target.classes is None:
        return Decision(), []
    if target.label_delimiter is not None:
        scores, targets = validation.scores, validation.targets
        return fit_label_decision(scores, targets, labels=target.classes, calibrate=params.calibrate), []
    decision, notes = calibrated(validation, target.classes, params)
    if is_main and params.costs:
        decision = with_costs(decision, params.costs)
    if is_main and params.mitigation is not None:
        decision, more = with_group_thresholds(decision, subject, params.mitigation)
        notes += more
    return decision, notes


def check_params(params: Evaluate, schema: Schema, transform: Transform) -> None:
    """Refuse costs and mitigation that the main target cannot have.

    Raises:
        ParamsError: There is such a thing.
    """
    try:
        params.require_fit(schema.product, schema.classes)
    except ValueError as error:
        raise ParamsError(str(error)) from None
    inputs = [*(step.column for step in transform.numbers), *(step.column for step in transform.known)]
    if params.mitigation is not None and params.mitigation.column not in inputs:
        raise ParamsError(
            f"evaluate.mitigation.column = '{params.mitigation.column}' is no number or listed category that the model "
            "takes, so that a server could not know the group of a record: take it out of product.ignore, or do not "
            "hash it"
        )


def calibrated(validation: Answered, classes: list[str], params: Evaluate) -> tuple[Decision, list[str]]:
    """Fit the temperature, if rows can tell one."""
    present = np.unique(validation.targets)
    if not params.calibrate or len(present) > 1:
        return fit_decision(validation.scores, validation.targets, classes=classes, calibrate=params.calibrate), []
    held = f"hold one class alone, '{classes[present[0]]}'" if len(present) else "are none"
    note = f"the validation rows {held}: no temperature was fitted, and probabilities are not calibrated"
    return Decision(classes=classes), [note]


def with_costs(decision: Decision, costs: dict[str, dict[str, float]]) -> Decision:
    """Return the decision with declared costs; of two classes they give a threshold."""
    assert decision.classes is not None, "costs are checked to be those of classes"
    matrix = cost_matrix(costs, decision.classes)
    threshold = least_cost_threshold(matrix) if len(matrix) == 2 else None
    return decision.model_copy(update={"costs": matrix, "threshold": threshold})


def with_group_thresholds(decision: Decision, subject: Subject, params: Mitigation) -> tuple[Decision, list[str]]:
    """Return the decision with thresholds of groups, fitted on the validation rows."""
    frame, answered = subject.frames["validation"], subject.answered[subject.schema.require_target()]["validation"]
    assert decision.classes is not None, "mitigation is checked to be that of two classes"
    grouping = fit_grouping(frame, params.column)
    common = 0.5 if decision.threshold is None else decision.threshold
    thresholds, notes = fit_thresholds(
        answered.targets,
        decision.probabilities(answered.scores)[:, 1],
        names_in(frame, grouping),
        decision.costs or cost_matrix({}, decision.classes),
        common,
        params,
    )
    groups = GroupThresholds(grouping=grouping, constraint=params.constraint, thresholds=thresholds)
    return decision.model_copy(update={"threshold": common, "group_thresholds": groups}), notes
