import pytest
from prefect.states import Failed

from flows.bridge import EditedDuringRun
from flows.pipeline import _may_pass_next_time
from flows.spawn import StageCrashed
from slipway.errors import DataError, Refused


@pytest.mark.parametrize("error", [DataError("a wrong hash"), Refused("the verdict")])
def test_what_a_person_must_mend_is_not_tried_again(error):
    assert not _may_pass_next_time(None, None, Failed(data=error))


@pytest.mark.parametrize(
    "error", [ConnectionError("reset"), EditedDuringRun("params.yaml changed"), StageCrashed("train was killed")]
)
def test_an_accident_is_tried_again(error):
    assert _may_pass_next_time(None, None, Failed(data=error))
