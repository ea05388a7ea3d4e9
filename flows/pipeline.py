"""The Prefect flow of a product: one task per stage of dvc.yaml, then the deployment and the report.

`slipway run NAME` calls it; prefect.yaml deploys it. Prefect orders, retries, observes and schedules; DVC
alone judges what is up to date, so Prefect's own caching is off. A task ends as Completed where its
stage ran, as Cached where it did not have to.
"""

import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL
from prefect.states import Completed

from flows.code import process_snapshot
from flows.project import check_product, find_root

if TYPE_CHECKING:  # nothing of slipway or tasks is imported before the code snapshot is taken
    from flows.bridge import Node
    from flows.steps import Result, Run

RETRY_DELAY_SECONDS = 10

logger = logging.getLogger("slipway")


def announce() -> None:
    """Say that a run will start a server, where none is configured, because nothing is seen of it for a while."""
    if PREFECT_API_URL.value() is None:
        logger.info("no Prefect server is configured: a temporary one starts, in 10 to 30 s (--plain needs none)")


@flow(name="pipeline", flow_run_name="{product}", persist_result=False)
def pipeline(product: str, stage: str | None = None, force: bool = False, tensorboard: bool = False) -> "Result":
    """Bring a product up to date, deploy it and report.

    Args:
        product: a name in products/products.yaml.
        stage: the last stage to run; null is all of them, the deployment and the report.
        force: whether stages run that are up to date.
        tensorboard: whether train writes events for TensorBoard.
    """
    root = find_root()
    snapshot = process_snapshot(root)
    from flows import artifacts, steps
    from flows.locks import turn
    from slipway.errors import SlipwayError

    if not logger.isEnabledFor(logging.INFO):  # under a worker nobody else asked for the line of each step
        logger.setLevel(logging.INFO)
    os.chdir(root)
    check_product(root, product)
    run = steps.Run(root, product, stage, force, snapshot, tensorboard)
    try:
        with turn(root, product), steps.reported_failure(run):
            return _run(run)
    except SlipwayError:
        artifacts.publish_evidence(root, product)
        raise


def _run(run: "Run") -> "Result":
    from flows import artifacts, steps

    outcomes = _run_stages(run)
    if run.stage is not None:
        return steps.Result(outcomes)
    release, deployment = _task("deploy", lambda: steps.deploy(run.root, run.product))()
    changed = steps.has_changed(outcomes, deployment)
    page = _task("report", lambda: steps.report(run.root, run.product, changed=changed))()
    if changed:
        artifacts.publish_metrics(run.root, run.product)
        artifacts.publish_evidence(run.root, run.product)
    return steps.Result(outcomes, release, deployment, page)


def _run_stages(run: "Run") -> dict[str, Any]:
    """Submit a task per stage, each waiting for those that it needs; raise the first failure."""
    from flows import steps

    nodes = steps.planned(run)
    alone = steps.is_alone(run, nodes)
    futures: dict[str, Any] = {}
    for node in nodes:
        waits = [futures[need] for need in node.needs]
        futures[node.name] = _stage_task(run, node, alone).submit(wait_for=waits)
    return {name: future.result() for name, future in futures.items()}


def _stage_task(run: "Run", node: "Node", alone: bool) -> Any:
    from flows import steps
    from flows.artifacts import key_of
    from flows.progress import shown_progress

    def step() -> Any:
        with shown_progress(key_of(run.product, node.name.split("@")[0])):
            outcome = steps.bring(run, node, alone=alone)
        if outcome == "ran":
            return outcome
        return Completed(name="Cached", message=f"DVC: {outcome}", data=outcome)

    return _task(
        node.name,
        step,
        description=node.description,
        tags=node.meta.get("tags", []),
        retries=node.meta.get("retries", 0),
        retry_delay_seconds=node.meta.get("retry_delay_seconds", RETRY_DELAY_SECONDS),
        retry_condition_fn=_may_pass_next_time,
    )


def _task(name: str, step: Callable[[], Any], **options: Any) -> Any:
    """Make a task without arguments of its own: Prefect would inspect and hash them."""
    return task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False, **options)(step)


def _may_pass_next_time(task: Any, task_run: Any, state: State) -> bool:
    """Retry what failed by accident; an error that a person must mend would only come again."""
    from flows.bridge import EditedDuringRun
    from flows.spawn import StageCrashed
    from slipway.errors import SlipwayError

    error = state.result(raise_on_failure=False)
    return not isinstance(error, SlipwayError) or isinstance(error, EditedDuringRun | StageCrashed)
