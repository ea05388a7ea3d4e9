"""From records, as JSON gives them, to the tensors of model.onnx; what the model cannot take is refused by name."""

import base64
import binascii
import math
import reprlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from slipway.bundle.prepare import Cleaner, Prepare
from slipway.bundle.signature import Input, Signature
from slipway.errors import BundleError, SlipwayError
from slipway.suites.rules import RowRules
from slipway.transform.tokens import TokenReader
from slipway.transform.words import bucket, words

Record = dict[str, Any]

MAX_NUMBER = float(np.finfo(np.float32).max)


_TYPES = {
    "numeric": np.float64,
    "categorical": object,
    "hashed": np.int64,
    "text": object,
    "tokens": np.int64,
    "image": np.uint8,
}
_TENSORS = list(_TYPES)


class InputError(SlipwayError):
    """A record that the model cannot take, and why.

    Attributes:
        record: index of the record in its request.
        column: name of the field; None where the record as a whole is wrong.
        reason: what is wrong and what is allowed.
    """

    def __init__(self, record: int, column: str | None, reason: str) -> None:
        self.record, self.column, self.reason = record, column, reason
        super().__init__(f"record {record}" + (f", column '{column}': {reason}" if column else f": {reason}"))


class RecordReader:
    """Checks records against the signature and the row rules, cleans them, and builds the model's tensors."""

    def __init__(
        self, signature: Signature, prepare: Prepare, rules: RowRules, tokens: TokenReader | None = None
    ) -> None:
        self._names = {one.name for one in signature.inputs}
        self._optional = {one.name for one in signature.inputs if one.missing_allowed}
        self._rules, self._tokens = rules, tokens
        inputs = sorted(signature.inputs, key=lambda one: _TENSORS.index(one.tensor))
        self._readers = [(one.name, _reader_of(one, prepare), one.dtype == "date") for one in inputs]
        tensors = [one.tensor for one in inputs for _ in one.columns]
        self._columns = {name: _slice_of(name, tensors) for name in _TENSORS if name in tensors}
        self._places = {column: place for place, column in enumerate(name for one in inputs for name in one.columns)}
        self._image = next((one for one in inputs if one.dtype == "image"), None)

    def read(self, records: Sequence[Record]) -> dict[str, np.ndarray]:
        """Return the tensors that model.onnx takes.

        Args:
            records: N records, each with every input of the signature and nothing else.

        Returns:
            Those of `numeric` [N, k] float64 (NaN is missing), `categorical` [N, c] text ("" is missing), `hashed`
            [N, h] int64 (buckets, -1 is missing), `text` [N, t] (words joined by a space), `tokens` [N, length] int64
            (0 is padding) and `image` [N, H, W, C] uint8 that the signature has.

        Raises:
            InputError: a record is wrong; the first mistake is named.
        """
        rows = [self._row(index, record) for index, record in enumerate(records)]
        tensors: dict[str, np.ndarray] = {}
        for name, columns in self._columns.items():
            if name == "image":
                assert self._image is not None and self._image.shape is not None, "the signature gives images a shape"
                pixels = np.frombuffer(b"".join(row[columns.start] for row in rows), dtype=np.uint8)
                tensors[name] = pixels.reshape(len(rows), *self._image.shape)
            elif name == "tokens":
                assert self._tokens is not None, "the bundle holds tokenizer.json where the model takes tokens"
                tensors[name] = self._tokens.read([row[columns.start] for row in rows])
            else:
                tensors[name] = np.array([row[columns] for row in rows], dtype=_TYPES[name])
        return tensors

    def place_of(self, name: str) -> tuple[str, int]:
        """Return where a column of numbers or of known categories stands: the tensor of `read`, and its column.

        Raises:
            BundleError: the model takes no such column.
        """
        place = self._places.get(name, -1)
        for tensor in ("numeric", "categorical"):
            held = self._columns.get(tensor, slice(0, 0))
            if held.start <= place < held.stop:
                return tensor, place - held.start
        raise BundleError(f"'{name}' is no number or known category among the model's inputs: package the model again")

    def _row(self, index: int, record: Any) -> list[Any]:
        if not isinstance(record, dict):
            raise InputError(index, None, f"must be an object of columns, not {_shown(record)}")
        if record.keys() != self._names:
            raise self._wrong_names(index, record)
        cells: list[Any] = []
        for name, read, is_date in self._readers:
            try:
                if is_date:
                    cells += read(record[name])
                else:
                    cells.append(read(record[name]))
            except ValueError as error:
                raise InputError(index, name, str(error)) from None
        self._refuse_broken(index, record, cells)
        return cells

    def _wrong_names(self, index: int, record: Record) -> InputError:
        if missing := [name for name, _, _ in self._readers if name not in record]:
            hint = "; give null where there is no value" if missing[0] in self._optional else ""
            return InputError(index, missing[0], f"is missing from the record{hint}")
        unknown = next(name for name in record if name not in self._names)
        return InputError(index, unknown, f"is no input; the model takes {_shown(sorted(self._names))}")

    def _refuse_broken(self, index: int, record: Record, cells: list[Any]) -> None:
        """Refuse what validate would send to quarantine; images are judged as the bytes that the source held."""
        judged = record if self._image is None else {**record, self._image.name: cells[-1]}
        for column, reason in self._rules.broken(judged):
            raise InputError(index, column, reason)


def _slice_of(name: str, tensors: Sequence[str]) -> slice:
    first = tensors.index(name)
    return slice(first, first + tensors.count(name))


def _reader_of(one: Input, prepare: Prepare) -> Callable[[Any], Any]:
    """Return the function that cleans and checks a value of this input; it raises ValueError with the reason.

    That of a date returns a list, a number or None for each part.
    """
    low = -MAX_NUMBER if one.refused_below is None else one.refused_below
    high = MAX_NUMBER if one.refused_above is None else one.refused_above
    clean, keeps_numbers = prepare.cleaner(one.name), prepare.keeps_numbers(one.name)
    is_coerced = prepare.types.get(one.name) in ("number", "boolean")

    def number(value: Any) -> Any:
        if not (keeps_numbers and (type(value) is float or type(value) is int)):  # most values need no cleaning
            value = _number(one, clean, value, is_coerced=is_coerced)
        if value is not None and not low <= value <= high:  # NaN, too, is not within
            raise _beyond(one, value)
        return value

    def category(value: Any) -> Any:
        return _category(one, clean, value)

    def date(value: Any) -> list[int | None]:
        cleaned = clean(value)
        if cleaned is None:
            _refuse_missing(one, value)
        parts = prepare.parts(one.parts or [], cleaned)
        for part, (least, most) in one.refused_parts.items():
            if (found := parts[(one.parts or []).index(part)]) is not None and not least <= found <= most:
                raise _outlier(value, least, most, f"have a {part} of ")
        return parts

    def hashed(value: Any) -> int:
        assert one.buckets is not None, "a category that is hashed has buckets"
        text = _category(one, clean, value)
        return bucket(text, one.buckets) if text else -1

    def prose(value: Any) -> str:
        return words(_category(one, clean, value))

    def image(value: Any) -> Any:
        assert one.shape is not None, "the signature gives images a shape"
        return _image(value, one.shape)

    readers = {
        "numeric": number,
        "categorical": category,
        "hashed": hashed,
        "text": prose,
        "tokens": category,  # a text as it is cleaned; all of a request become tokens together
        "image": image,
    }
    return date if one.dtype == "date" else readers[one.tensor]


def _beyond(one: Input, value: Any) -> ValueError:
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        return ValueError(f"must be a finite number within ±{MAX_NUMBER:.2g}, not {_shown(value)}")
    assert one.refused_below is not None and one.refused_above is not None, "bounds have two ends"
    return _outlier(value, one.refused_below, one.refused_above, "be ")


def _outlier(value: Any, least: float, most: float, what: str) -> ValueError:
    return ValueError(
        f"must {what}at least {least:g} and at most {most:g}, not {_shown(value)}: "
        "training rows beyond went to quarantine as outliers"
    )


def _number(one: Input, clean: Cleaner, value: Any, *, is_coerced: bool) -> float | None:
    """Return a number, boolean, null or coerced text as a number; None is missing."""
    cleaned = clean(value)
    if isinstance(cleaned, int | float) and (is_coerced or not isinstance(value, str)):
        return cleaned
    if cleaned is not None or (isinstance(value, str) and not is_coerced):
        raise ValueError(f"must be a number, not {_shown(value)}")
    _refuse_missing(one, value)
    return None


def _category(one: Input, clean: Cleaner, value: Any) -> str:
    """Return a text, or the text of a number where the product declares the column a category; "" is missing."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"must be a finite number or text, not {value}")
    cleaned = clean(value)
    if cleaned is None:
        _refuse_missing(one, value)
        return ""
    if not isinstance(cleaned, str):
        raise ValueError(f"must be text, not {_shown(value)}")
    if not cleaned.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cleaned):
        raise ValueError(f"must be valid Unicode, not {_shown(value)}")
    return cleaned


def _refuse_missing(one: Input, value: Any) -> None:
    if not one.missing_allowed:
        kind = {"number": "number", "date": "date"}.get(one.dtype, "text")
        raise ValueError(f"must not be missing: give a {kind}, not {_shown(value)}")


def _image(value: Any, shape: tuple[int, int, int]) -> bytes:
    """Return the pixels of nested lists [H][W] or [H][W][C], or of base64, as H * W * C bytes."""
    height, width, channels = shape
    wanted = f"{height} x {width} x {channels}"
    if isinstance(value, str):
        try:
            pixels = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise _no_image(wanted, value) from None
        if len(pixels) != height * width * channels:
            raise ValueError(f"must hold {wanted} = {height * width * channels} bytes, not {len(pixels)}")
        return pixels
    if not isinstance(value, list):
        raise _no_image(wanted, value)
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"must be {wanted} pixels, but its rows differ in length") from None
    if array.shape != shape and (channels != 1 or array.shape != shape[:2]):
        raise ValueError(f"must be {wanted} pixels, not of shape {list(array.shape)}")
    if array.dtype.kind not in "iu":
        raise ValueError("must hold whole numbers from 0 to 255 alone")
    if array.min() < 0 or array.max() > 255:
        raise ValueError(f"must hold whole numbers from 0 to 255, not {array.min()} to {array.max()}")
    return array.astype(np.uint8).tobytes()


def _no_image(wanted: str, value: Any) -> ValueError:
    return ValueError(f"must be lists of {wanted} integers, or their bytes in base64, not {_shown(value)}")


def _shown(value: Any) -> str:
    """Return a value shortened to what an error can hold."""
    return "null" if value is None else reprlib.repr(value)
