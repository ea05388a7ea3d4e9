"""The bytes of a request become a status and the bytes of an answer, whatever the bytes are."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slipway.bundle.predictor import Predictor
from slipway.product.serve import Serve
from slipway.serving.service import Service

GOOD = {"age": 40, "income": 3.5, "region": "north"}


@pytest.fixture(scope="module")
def service(tabular) -> Service:
    return Service(Predictor(tabular), "v0001", Serve(max_records=100))


def answered(service: Service, body: str | bytes):
    answer = service.answer(body.encode() if isinstance(body, str) else body)
    return answer.status, json.loads(answer.body)


def test_predictions_come_with_the_release(service):
    status, content = answered(service, json.dumps({"records": [GOOD, GOOD]}))
    assert status == 200
    assert content == {"release": "v0001", "predictions": service.predictor.predict([GOOD, GOOD])}


def test_wrong_input_is_422_with_the_record_and_the_column(service):
    assert answered(service, json.dumps({"records": [GOOD, {**GOOD, "age": "x"}]})) == (
        422,
        {"error": "record 1, column 'age': must be a number, not 'x'", "record": 1, "column": "age"},
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400])
def test_numbers_beyond_json_are_422_with_the_column(service, number):
    body = '{"records": [{"age": NUMBER, "income": 1, "region": "north"}]}'.replace("NUMBER", number)
    status, content = answered(service, body)
    assert (status, content["column"]) == (422, "age")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("nonsense", 400),
        (b"\xff\xfe", 400),
        (b'{"records": [{"region": "\xff"}]}', 400),
        ('{"records": [{"age": ' + "[" * 100_000 + "]" * 100_000 + "}]}", 400),
        ("[]", 422),
        ("3", 422),
        ("{}", 422),
        ('{"records": {}}', 422),
        ('{"records": [3]}', 422),
        ('{"records": [], "model": "x"}', 422),
        ('{"records": [{}]}', 422),
    ],
)
def test_what_is_no_request_is_refused_with_the_form_that_is(service, body, status):
    found, content = answered(service, body)
    assert found == status
    assert "records" in content["error"] or "record" in content


def test_too_many_records_are_413(service):
    status, content = answered(service, json.dumps({"records": [GOOD] * 101}))
    assert (status, content["error"]) == (413, "101 records: at most 100 are allowed in one request")


@pytest.mark.parametrize("body", [{"records": [GOOD] * 101, "model": "x"}, {"records": [{**GOOD, "age": 1e999}] * 101}])
def test_too_many_records_are_413_whatever_else_is_wrong(service, body):
    status, content = answered(service, json.dumps(body))
    assert (status, content["error"]) == (413, "101 records: at most 100 are allowed in one request")


def test_a_body_that_is_refused_anyway_costs_no_inference(service, monkeypatch):
    def predict(_):
        raise AssertionError("the model was asked")

    monkeypatch.setattr(service.predictor, "predict", predict)
    status, content = answered(service, json.dumps({"records": [GOOD], "model": "x"}))
    assert (status, "unknown field `model`" in content["error"]) == (422, True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.fixed_dictionaries({"age": JSON, "income": JSON, "region": JSON})
REQUESTS = st.fixed_dictionaries({"records": st.lists(RECORDS, max_size=3)})


@given(REQUESTS.map(json.dumps) | JSON.map(json.dumps) | st.text())
@example('{"records": [{"age": 1, "income": null, "region": "\\u0000"}]}')
@example('{"records": [{"age": 1, "income": null, "region": "\\ud800"}]}')
def test_no_body_is_the_servers_fault(service, body):
    status, content = answered(service, body.encode("utf-8", "surrogatepass"))
    assert status in (200, 400, 422)
    assert ("error" in content) == (status != 200)
