"""A loaded bundle: raw records in, predictions out, through onnxruntime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states

from slipway.bundle.manifest import read_files, read_verified
from slipway.bundle.prepare import PREPARE, parse_prepare
from slipway.bundle.records import InputError, Record, RecordReader
from slipway.bundle.signature import SIGNATURE, parse_signature
from slipway.errors import BundleError
from slipway.judging.decision import DECISION, Decision, parse_decision
from slipway.suites.rules import RowRules, parse_rules
from slipway.tables.heads import THRESHOLD, heads_of
from slipway.transform.tokens import TOKENIZER, TokenReader

MODEL = "model.onnx"
RULES = "rules.json"

Prediction = dict[str, Any]

# onnxruntime's exceptions have no base of their own.
ModelErrors = (
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.NotImplemented,
    states.RuntimeException,
)


class Predictor:
    """A model that answers raw records; its methods may be called from many threads at once.

    Attributes:
        identity: sha256 of the bundle's manifest; "" for a bundle that is still being packed.
        signature: what a record must hold.
        decision: how probabilities become a label.
        rules: the row rules that a record must keep.
        files: the bytes of every file of the bundle but the model, by name.
    """

    def __init__(self, folder: Path, threads: int = 1, *, packed: bool = True) -> None:
        """Load a bundle.

        Args:
            folder: the bundle.
            threads: threads of one inference.
            packed: False for a bundle whose manifest is not written yet, which is then loaded unchecked.

        Raises:
            BundleError: a file is damaged or missing, or the model does not fit the signature.
        """
        self.identity, self.files = read_verified(folder) if packed else ("", read_files(folder))
        if lacking := [name for name in (MODEL, SIGNATURE, PREPARE, RULES, DECISION) if name not in self.files]:
            raise BundleError(f"{folder} is no bundle: it has no {', '.join(lacking)}")
        self.signature = parse_signature(self.files[SIGNATURE])
        self.decision = self._parse_decision(folder)
        self.rules = parse_rules(self.files[RULES], where=str(folder / RULES)).rules
        prepare, tokens = parse_prepare(self.files[PREPARE]), self._token_reader(folder)
        self._reader = RecordReader(self.signature, prepare, RowRules(self.rules), tokens)
        groups = self.decision.group_thresholds
        self._grouping = None if groups is None else groups.grouping
        if self._grouping is not None:
            self._reader.place_of(self._grouping.column)  # refuses a column that the model does not take
        self._session = _session(self.files.pop(MODEL), threads, where=folder / MODEL)
        self._outputs = [head.tensor for head in heads_of(self.signature.targets)]
        self._check_tensors(folder / MODEL)

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        """Answer N records.

        Returns:
            For each record `{"label", "probabilities": {class: p}}`, `{"labels": [...], "probabilities"}` where it may
            have many, or `{"value"}` for a regression; under `targets` the same for each further target, by its column.

        Raises:
            InputError: a record is wrong; its index, the column and the reason are named.
        """
        if not records:
            return []
        tensors = self._reader.read(records)
        main, *more = self._session.run(self._outputs, tensors)
        predictions = _told(main, self.decision, self._groups(tensors))
        if more:
            further = self.signature.more_targets
            told = [_told(each, self.decision.of(name)) for name, each in zip(further, more, strict=True)]
            for prediction, *answers in zip(predictions, *told, strict=True):
                prediction["targets"] = dict(zip(further, answers, strict=True))
        return predictions

    def check(self, records: Sequence[Record]) -> None:
        """Raise the `InputError` of the first wrong record, without asking the model."""
        self._reader.read(records)

    def _groups(self, tensors: dict[str, np.ndarray]) -> np.ndarray | None:
        """Return the name of each record's group, where labels depend on it."""
        if self._grouping is None:
            return None
        tensor, place = self._reader.place_of(self._grouping.column)
        return self._grouping.names(tensors[tensor][:, place])

    def _parse_decision(self, folder: Path) -> Decision:
        """Return the decision, about the classes of the signature."""
        decision = parse_decision(self.files[DECISION])
        for name, target in self.signature.targets.items():
            if (found := decision.of(name)).classes != target.classes:
                raise BundleError(
                    f"{folder / DECISION} chooses among {found.classes} for '{name}', but {SIGNATURE} has "
                    f"{target.classes}: package the model again"
                )
        return decision

    def _token_reader(self, folder: Path) -> TokenReader | None:
        """Return what reads the text token by token, where the signature has such a one."""
        lengths = [one.length for one in self.signature.inputs if one.tensor == "tokens"]
        if not lengths:
            return None
        if TOKENIZER not in self.files:
            raise BundleError(f"{folder} is no bundle of a model that reads tokens: it has no {TOKENIZER}")
        tokens = TokenReader(self.files[TOKENIZER].decode())
        if tokens.length != lengths[0]:
            raise BundleError(f"{folder / TOKENIZER} gives {tokens.length} tokens, but {SIGNATURE} wants {lengths[0]}")
        return tokens

    def _check_tensors(self, where: Path) -> None:
        """Refuse a model whose tensors are not those that the signature asks for."""
        wanted = {one.tensor for one in self.signature.inputs}
        found = {tensor.name for tensor in self._session.get_inputs()}
        lacking = set(self._outputs) - {tensor.name for tensor in self._session.get_outputs()}
        if wanted != found or lacking:
            answers = ", ".join(f"'{name}'" for name in self._outputs)
            raise BundleError(
                f"{where} takes {sorted(found)}, but {SIGNATURE} wants {sorted(wanted)} in and {answers} out"
            )


def _told(answers: np.ndarray, decision: Decision, groups: np.ndarray | None = None) -> list[Prediction]:
    """Return the answers [N, classes] or [N] for one target, a record each; groups [N] as the decision takes them."""
    classes = decision.classes
    finite = np.isfinite(answers)
    if not finite.all():
        raise InputError(int(np.argwhere(~finite)[0][0]), None, "has no finite answer: its numbers are too large")
    if classes is None:
        return [{"value": value} for value in answers.ravel().tolist()]
    if decision.has_labels:
        return [
            {
                "labels": [name for name, p in zip(classes, row, strict=True) if p > THRESHOLD],
                "probabilities": dict(zip(classes, row, strict=True)),
            }
            for row in answers.tolist()
        ]
    return [
        {"label": classes[best], "probabilities": dict(zip(classes, row, strict=True))}
        for best, row in zip(decision.choose(answers, groups).tolist(), answers.tolist(), strict=True)
    ]


def _session(model: bytes, threads: int, where: Path) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; a warning on every start tells a user nothing
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except ModelErrors as error:
        raise BundleError(f"{where} is no model that onnxruntime can load: {str(error).splitlines()[0]}") from None
