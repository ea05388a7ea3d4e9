"""The rows to explain: typical right answers of each class, the worst mistakes, always the same ones."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.judging.decision import Decision
from slipway.judging.examples import MAX_MISTAKES, Example, choose_examples

TWO = Decision(classes=["no", "yes"])


def of_two(targets: list[int], shares: list[float]) -> list[Example]:
    yes = np.array(shares)
    return choose_examples(np.array(targets), np.stack([1 - yes, yes], axis=1), TWO)


def test_the_middle_right_answer_of_each_class_and_the_surest_mistakes() -> None:
    assert of_two([1, 1, 1, 0, 0, 1], [0.6, 0.9, 0.99, 0.2, 0.8, 0.05]) == [
        Example("typical", 1, 1),
        Example("typical", 3, 0),
        Example("mistake", 5, 0),
        Example("mistake", 4, 1),
    ]


def test_a_class_that_is_never_right_or_never_there_has_no_typical_row() -> None:
    assert of_two([1, 1], [0.1, 0.2]) == [Example("mistake", 0, 0), Example("mistake", 1, 0)]
    assert of_two([1], [0.9]) == [Example("typical", 0, 1)]


def test_rows_without_a_target_are_left_out() -> None:
    assert of_two([-1, 1], [0.1, 0.8]) == [Example("typical", 1, 1)]


def test_of_labels_one_is_explained_for_each_row() -> None:
    decision = Decision(classes=["a", "b"], has_labels=True)
    targets = np.array([[1.0, 0.0], [1.0, 1.0], [np.nan, np.nan]])
    answers = np.array([[0.9, 0.8], [0.7, 0.4], [0.1, 0.9]])
    assert choose_examples(targets, answers, decision) == [
        Example("typical", 0, 0),
        Example("mistake", 0, 1),
        Example("mistake", 1, 1),
    ]


def test_of_values_a_low_a_middle_and_a_high_one_and_the_largest_errors() -> None:
    targets = np.arange(10.0)
    answers = targets + np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 5.0])
    chosen = choose_examples(targets, answers, Decision())
    assert [each.row for each in chosen if each.kind == "typical"] == [1, 5, 9]
    assert [each.row for each in chosen if each.kind == "mistake"] == [9]


@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 2)), max_size=30))
@settings(max_examples=50)
def test_what_is_chosen_is_what_it_is_called(pairs: list[tuple[int, int]]) -> None:
    targets = np.array([target for target, _ in pairs], dtype=np.int64)
    answers = np.full((len(pairs), 3), 0.2) + 0.4 * np.eye(3)[[given for _, given in pairs]].reshape(-1, 3)
    chosen = choose_examples(targets, answers, Decision(classes=["a", "b", "c"]))
    for each in chosen:
        is_right = targets[each.row] == answers[each.row].argmax() == each.place
        assert is_right == (each.kind == "typical")
    assert sum(each.kind == "mistake" for each in chosen) <= MAX_MISTAKES
    assert len(set(chosen)) == len(chosen)
