"""OpenAPI for `POST /predict`, written from the model's signature."""

from typing import Any

from slipway.bundle.answers import EXAMPLES, read_examples
from slipway.bundle.predictor import Predictor
from slipway.bundle.signature import Input, Signature
from slipway.judging.decision import Decision
from slipway.product.product import Target
from slipway.serving.service import Service

Schema = dict[str, Any]


def predict_path(service: Service) -> Schema:
    """Return the path item, with the bundle's first example as request and answer."""
    signature = service.predictor.signature
    _, examples = read_examples(service.predictor.files[EXAMPLES])
    example = examples[0]
    answer = {"release": service.release, "predictions": [example["output"]]}
    refusals = {
        "400": "the body is no JSON",
        "413": "too many records, or too large a body",
        "422": "a record is wrong; its index and the column are named",
    }
    return {
        "post": {
            "summary": f"Predict {signature.target}",
            "operationId": "predict",
            "requestBody": {
                "required": True,
                "content": _json(_records(record_schema(signature)), {"records": [example["input"]]}),
            },
            "responses": {
                "200": {"description": "one prediction a record", "content": _json(_answer(service.predictor), answer)},
                **{code: {"description": text, "content": _json(_ERROR)} for code, text in refusals.items()},
            },
        }
    }


def record_schema(signature: Signature) -> Schema:
    """Return the JSON Schema of one record."""
    return {
        "type": "object",
        "properties": {one.name: _input(one) for one in signature.inputs},
        "required": [one.name for one in signature.inputs],
        "additionalProperties": False,
    }


_TYPES = {
    "number": ["number", "boolean"],
    "category": ["string"],
    "text": ["string"],
    "date": ["string"],
    "image": ["array", "string"],
}

_ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {"type": "string"},
        "record": {"type": ["integer", "null"]},
        "column": {"type": ["string", "null"]},
    },
    "required": ["error"],
}


def _input(one: Input) -> Schema:
    types = _TYPES[one.dtype]
    schema: Schema = {"type": [*types, "null"] if one.missing_allowed else types}
    if one.shape is not None:
        height, width, channels = one.shape
        schema["description"] = f"{height} x {width} x {channels} integers of 0 to 255, nested or as bytes in base64"
    elif one.format is not None:
        schema["description"] = f"a date as {one.format}"
    elif one.minimum is not None and one.maximum is not None:
        schema["description"] = f"{one.minimum:g} to {one.maximum:g} in training"
    elif one.dtype == "text":
        schema["description"] = "prose"
    if one.categories:
        schema["examples"] = one.categories
    return schema


def _records(record: Schema) -> Schema:
    properties = {"records": {"type": "array", "items": record}}
    return {"type": "object", "properties": properties, "required": ["records"], "additionalProperties": False}


def _answer(predictor: Predictor) -> Schema:
    signature, decision = predictor.signature, predictor.decision
    fields = _fields(signature.targets[signature.target], decision)
    if more := signature.more_targets:
        fields["targets"] = _object({name: _object(_fields(one, decision.of(name))) for name, one in more.items()})
    prediction = _object(fields)
    return {
        "type": "object",
        "properties": {"release": {"type": "string"}, "predictions": {"type": "array", "items": prediction}},
        "required": ["release", "predictions"],
    }


def _fields(target: Target, decision: Decision) -> Schema:
    """Return the fields of the answer for one target."""
    number = {"type": "number"}
    if target.classes is None:
        return {"value": number}
    label: Schema = {"type": "string", "enum": target.classes}
    probabilities = {"type": "object", "properties": dict.fromkeys(target.classes, number)}
    if target.task == "multilabel":
        labels = {"type": "array", "items": label, "description": decision.rule}
        return {"labels": labels, "probabilities": probabilities}
    return {"label": {**label, "description": decision.rule}, "probabilities": probabilities}


def _object(fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": list(fields)}


def _json(schema: Schema, example: Any = None) -> Schema:
    content: Schema = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"application/json": content}
