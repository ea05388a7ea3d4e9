"""Draw examples.json from the signature, never from rows, and have a loaded bundle answer it again."""

import base64
import math
import random
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway.bundle.answers import EXAMPLES, difference, read_examples
from slipway.bundle.mending import Mender
from slipway.bundle.predictor import Predictor
from slipway.bundle.records import InputError, Record
from slipway.bundle.signature import ISO_8601, Input, Signature
from slipway.errors import BundleError
from slipway.files import write_json
from slipway.product.cleaning import MONTHS

TOLERANCE = 1e-4
MISSING_SHARE = 0.1
NUM_WORDS = 8


def draw_examples(signature: Signature, count: int, seed: int) -> list[Record]:
    """Draw records that look like inputs: numbers within the range of training, known categories, random pixels.

    Rows are never taken, because an example is published with the model and a row is somebody's.
    """
    rng = random.Random(seed)
    return [{one.name: draw_value(one, rng) for one in signature.inputs} for _ in range(count)]


def draw_value(one: Input, rng: random.Random) -> Any:
    """Draw one value of an input, as JSON holds it."""
    if one.dtype == "image":
        assert one.shape is not None, "the signature gives images a shape"
        brightest = 255 if one.maximum is None else int(one.maximum)
        return base64.b64encode(bytes(rng.randint(0, brightest) for _ in range(math.prod(one.shape)))).decode()
    if one.missing_allowed and rng.random() < MISSING_SHARE:
        return None
    if one.dtype == "text":
        return " ".join(rng.choices(one.words or ["a"], k=NUM_WORDS))
    if one.dtype == "category":
        return rng.choice(one.categories or ["a"])
    if one.dtype == "date":
        return _draw_date(one, rng)
    low = 0.0 if one.minimum is None else one.minimum
    high = low + 1.0 if one.maximum is None else one.maximum
    drawn = low + (high - low) * rng.random()
    if low.is_integer() and high.is_integer() and rng.random() < 0.5:
        return round(drawn)  # a count, a year or a code; or else a real number that happens to have such bounds
    return min(max(float(f"{drawn:.6g}"), low), high)


def _draw_date(one: Input, rng: random.Random) -> str:
    """Draw a date of the years of training, as the signature wants it written."""
    first, last = (2000 if end is None else min(max(int(end), 1), 9999) for end in (one.minimum, one.maximum))
    year, clock = rng.randint(first, max(first, last)), (rng.randrange(24), rng.randrange(60), rng.randrange(60))
    drawn = datetime(year, rng.randint(1, 12), rng.randint(1, 28), *clock)
    assert one.format is not None, "the signature gives dates a format"
    if one.format == ISO_8601:
        return drawn.isoformat()
    named = one.format.replace("%b", MONTHS[drawn.month - 1].capitalize())  # strftime's names follow the locale
    return drawn.strftime(named.replace("%Y", f"{year:04}"))  # and its years are not always padded


def write_examples(folder: Path, count: int, seed: int) -> None:
    """Draw examples, let the bundle's own model answer them, and write examples.json.

    Args:
        folder: a bundle without manifest: model.onnx, signature.json, prepare.json, rules.json.
        count: examples to write.
        seed: decides what is drawn.

    Raises:
        BundleError: the row rules, or the model, refuse whatever is drawn.
    """
    predictor = Predictor(folder, packed=False)
    inputs = {one.name: one for one in predictor.signature.inputs}
    mender, rng = Mender(predictor.rules), random.Random(seed + 1)

    def answered(record: Record) -> dict[str, Any]:
        kept = mender.mend(record, lambda name: draw_value(inputs[name], rng), rng)
        try:
            return {"input": kept, "output": predictor.predict([kept])[0]}
        except InputError as error:
            raise BundleError(f"the model cannot answer an example drawn from its signature: {error}") from None

    examples = [answered(record) for record in draw_examples(predictor.signature, count, seed)]
    write_json(folder / EXAMPLES, {"tolerance": TOLERANCE, "examples": examples})


def self_test(predictor: Predictor) -> None:
    """Have the predictor answer the bundle's examples.

    Raises:
        BundleError: an answer is not within the tolerance, or there are no examples.
    """
    if EXAMPLES not in predictor.files:
        raise BundleError(f"the bundle has no {EXAMPLES}, so nothing shows that it works here: package the model again")
    tolerance, examples = read_examples(predictor.files[EXAMPLES])
    for index, example in enumerate(examples):
        (answer,) = predictor.predict([example["input"]])
        if (apart := difference(example["output"], answer)) > tolerance:
            raise BundleError(f"self-test: example {index} is answered {apart:.3g} off, but {tolerance:g} is allowed")
