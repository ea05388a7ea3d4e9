"""Search for good parameters with Optuna: trials in one process or several, in a database that outlives a kill.

What is drawn for a trial depends on the product's seed and on the trials before it alone, not on how often the
search was stopped: each draw has a sampler of its own, and a trial that a kill cut short is drawn again. Successive
halving alone compares with what a killed trial had reached, too.
"""

import fcntl
import logging
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from slipway.errors import SlipwayError
from slipway.learning.material import Material
from slipway.learning.rows import seed_of
from slipway.learning.searches import Found, Search, Trial
from slipway.learning.stepping import is_out_of_memory
from slipway.learning.trials import Trainer
from slipway.product.editing import flow
from slipway.product.tune import Choices, Numbers, assigned
from slipway.stage import die_with_parent, logged_to_stderr

DIGITS = 4
"""Of a number that is tried: what is written into params.yaml is exactly what was trained."""

logger = logging.getLogger("slipway")


def search(job: Search) -> Found:
    """Go on with the search until it has all its trials; one process of a product searches at a time.

    Raises:
        SlipwayError: Optuna is not installed, a process was killed, or the present values cannot be trained.
    """
    optuna = _optuna()
    job.folder.mkdir(parents=True, exist_ok=True)
    trainer = _trainer(job)
    study = _study(job, maximise=trainer.is_maximised)
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)  # its process is gone
    present = _present(job, study, trainer)
    if job.tune.processes == 1:
        _work(job, study, trainer)
    else:
        _work_in_processes(job)
    return Found(trainer.name, trainer.is_maximised, present, _trials(study))


def _optuna() -> Any:
    """Import Optuna, which is an extra, and have it say nothing of its own."""
    try:
        import optuna
    except ImportError:
        raise SlipwayError(
            "slipway tune needs Optuna, which is not installed: pip install -e '.[tune]' -c constraints.txt"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _trainer(job: Search) -> Trainer:
    return Trainer(Material.of(job.data / "augment", job.data / "privatize", job.code), job.tune.objective)


def _study(job: Search, *, maximise: bool) -> Any:
    optuna = _optuna()
    url, patient = f"sqlite:///{(job.folder / 'study.db').absolute()}", {"connect_args": {"timeout": 60}}
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(n_warmup_steps=job.train.epochs // 10),
        "halving": optuna.pruners.SuccessiveHalvingPruner,
        "none": optuna.pruners.NopPruner,
    }
    return optuna.create_study(
        storage=optuna.storages.RDBStorage(url, engine_kwargs=patient),
        study_name=job.fingerprint,
        direction="maximize" if maximise else "minimize",
        pruner=pruners[job.tune.pruner](),
        load_if_exists=True,
    )


def _present(job: Search, study: Any, trainer: Trainer) -> float:
    """Return the number of the present values: that of a trial with the same ones, or they are trained first."""
    values = job.present
    known = [
        study.user_attrs.get("present", {}),
        *({"values": one.values, "value": one.value} for one in _complete(study)),
    ]
    for each in known:
        if each.get("values") == values:
            return float(each["value"])
    logger.debug("the present values")
    value = trainer.value(job.train, job.augment.policy, lambda epoch, value: None)
    study.set_user_attr("present", {"values": values, "value": value})
    logger.info("present      %s %.4g  %s", trainer.name, value, _shown(values))
    return value


def _work_in_processes(job: Search) -> None:
    """Have processes share the trials; they end with this one, and a new search goes on where they were."""
    with ProcessPoolExecutor(job.tune.processes, mp_context=get_context("spawn")) as pool:
        try:
            for done in [pool.submit(_work_alone, job) for _ in range(job.tune.processes)]:
                done.result()
        except BrokenProcessPool:
            raise SlipwayError(
                "a process of the search was killed: is there memory for tune.processes = "
                f"{job.tune.processes}? The same command goes on with the trials that are left."
            ) from None


def _work_alone(job: Search) -> None:
    """Work in a process of its own, whose lines go to stderr."""
    die_with_parent()
    with logged_to_stderr(relayed=False):
        trainer = _trainer(job)
        _work(job, _study(job, maximise=trainer.is_maximised), trainer)


def _work(job: Search, study: Any, trainer: Trainer) -> None:
    while (drawn := _next(job, study)) is not None:
        trial, values = drawn
        _try(job, study, trainer, trial, values)
        done = next(one for one in _trials(study) if one.number == trial.number)
        value = "" if done.value is None else f" {trainer.name} {done.value:.4g}"
        logger.info("trial %-6d %-10s%s  %s", done.number, done.state, value, done.why or _shown(values))


def _next(job: Search, study: Any) -> tuple[Any, dict[str, Any]] | None:
    """Draw the next trial; None where all are done or under way."""
    optuna = _optuna()
    with _locked(job.folder / "study.lock"):
        states = [trial.state for trial in study.get_trials(deepcopy=False)]
        num_trials = sum(state != optuna.trial.TrialState.FAIL for state in states)
        if num_trials >= job.tune.trials:
            return None
        study.sampler = optuna.samplers.TPESampler(seed=seed_of(job.seed, num_trials) % 2**32)
        trial = study.ask()
        values = {key: _draw(trial, key, choice) for key, choice in job.tune.ranges.items()}
        trial.set_user_attr("values", values)
    return trial, values


def _draw(trial: Any, key: str, choice: Numbers | Choices) -> Any:
    if isinstance(choice, Choices):
        texts = [flow(each) for each in choice.choices]
        return choice.choices[texts.index(trial.suggest_categorical(key, texts))]
    low, high, step = choice.low, choice.high, choice.step
    if step is not None:  # Optuna wants the last step to end at high
        high = type(high)(
            Decimal(str(low)) + (Decimal(str(high)) - Decimal(str(low))) // Decimal(str(step)) * Decimal(str(step))
        )
    if choice.are_whole:
        return trial.suggest_int(key, low, high, step=step or 1, log=choice.log)
    value = trial.suggest_float(key, low, high, step=step, log=choice.log)
    return min(max(float(f"{value:.{DIGITS if step is None else 12}g}"), low), high)


def _try(job: Search, study: Any, trainer: Trainer, trial: Any, values: dict[str, Any]) -> None:
    """Train with these values, and note what came of it."""
    optuna = _optuna()

    def told(epoch: int, value: float) -> None:
        if job.tune.pruner != "none":
            trial.report(value, epoch)
            if epoch < train.epochs and trial.should_prune():
                raise optuna.TrialPruned

    pruned = optuna.trial.TrialState.PRUNED
    try:
        train, augment = assigned(job.sections, values, where=f"trial {trial.number}")
        study.tell(trial, trainer.value(train, augment.policy, told))
    except optuna.TrialPruned:
        study.tell(trial, state=pruned)
    except (SlipwayError, RuntimeError) as error:
        if not isinstance(error, SlipwayError) and not is_out_of_memory(error):
            raise
        trial.set_user_attr("why", str(error).splitlines()[0])
        study.tell(trial, state=pruned)


def _trials(study: Any) -> list[Trial]:
    """Return the trials that ended, but those of processes that were killed."""
    return [
        Trial(
            each.number,
            each.state.name.lower(),
            each.value,
            each.user_attrs["values"],
            each.last_step or 0,
            each.user_attrs.get("why"),
        )
        for each in study.get_trials(deepcopy=False)
        if each.state.name in ("COMPLETE", "PRUNED")
    ]


def _complete(study: Any) -> list[Trial]:
    return [trial for trial in _trials(study) if trial.state == "complete"]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _shown(values: dict[str, Any]) -> str:
    return ", ".join(f"{key}: {flow(value)}" for key, value in values.items())
