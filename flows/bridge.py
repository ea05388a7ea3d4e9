"""The bridge to DVC: plan the stages of dvc.yaml and bring each up to date from this process.

DVC is the only judge of what is up to date, the only cache and the only writer of dvc.lock; each stage
goes through its own `Repo.reproduce(stage, single_item=True)`. A stage whose command is `python -m
tasks.NAME ARGS` runs as the function tasks.NAME.NAME in this process, because starting Python and its
libraries costs more than most stages do. It runs in a process of its own where it asks for one
(`meta: {isolate: true}`), or where its code is not what this process imported or would import (flows/code.py).
"""

import contextvars
import importlib
import importlib.util
import logging
import shlex
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import dvc.stage.run
import networkx as nx
from dvc.exceptions import NotDvcRepoError, ReproductionError
from dvc.lock import LockError
from dvc.repo import Repo
from dvc.scm import SCMError
from dvc.stage import Stage

from flows.code import CodeSnapshot
from flows.lockfile import Lockfile
from flows.locks import drop_stale_locks
from flows.spawn import search_path, spawn
from slipway.errors import SlipwayError
from slipway.stage import run

Outcome = Literal["ran", "restored", "unchanged"]

POLL_SECONDS = 0.5

logger = logging.getLogger("slipway")


class EditedDuringRun(SlipwayError):
    """A dependency or parameter of a stage was edited while it ran; its result is not recorded."""


@dataclass(frozen=True)
class Node:
    """A stage of the graph, and why it is not up to date."""

    name: str
    """As DVC addresses it: train@cancer."""

    needs: list[str]
    """The stages whose outputs it reads."""

    reasons: list[str]
    """What changed, in DVC's words, or what runs before it; empty where it is up to date."""

    meta: dict[str, Any]
    """The options that stand in `meta:` of dvc.yaml: retries, tags, isolate."""

    description: str


@dataclass
class _Call:
    """What the bridge tells DVC's runner through the context, and hears back from it."""

    isolate: bool
    snapshot: CodeSnapshot
    lockfile: Lockfile
    switches: Sequence[str]
    executed: bool = field(default=False)


_bookkeeping = threading.RLock()  # one thread at a time inside DVC; released while a stage runs
_call: contextvars.ContextVar[_Call | None] = contextvars.ContextVar("call", default=None)


def plan(root: Path, product: str, stage: str | None = None) -> list[Node]:
    """Return the product's stages (or those that `stage` needs, and itself) in an order that can run.

    Locks that killed processes left behind are freed on the way, and a dvc.lock cut short is mended.
    """
    Lockfile(root).mend()
    with _repo(root) as repo, repo.lock:
        drop_stale_locks(Path(repo.tmp_dir))
        graph = repo.index.graph  # an edge leads from a stage to one that it needs
        wanted = _wanted(graph, product, stage)
        changes = {one: _reasons(one) for one in wanted}
    nodes: dict[str, Node] = {}
    for one in nx.lexicographical_topological_sort(graph.reverse(), key=lambda one: one.addressing):
        if one in wanted:
            name, needs = one.addressing, sorted(need.addressing for need in graph.successors(one) if need in wanted)
            waits = [f"{need} runs first" for need in needs if nodes[need].reasons]
            nodes[name] = Node(name, needs, changes[one] or waits, dict(one.meta or {}), one.desc or "")
    return list(nodes.values())


def stage_names(root: Path, product: str) -> list[str]:
    """Return the product's stages; nothing is asked about them, and nothing changed."""
    with _repo(root) as repo:
        return sorted(stage.addressing for stage in _wanted(repo.index.graph, product, None))


def _wanted(graph: Any, product: str, stage: str | None) -> set[Stage]:
    """Return the product's stages, or `stage` alone, with all that they need."""
    stages = {one for one in graph if getattr(one, "cmd", None)}
    mine = {one.addressing.removesuffix(f"@{product}"): one for one in stages if one.addressing.endswith(f"@{product}")}
    if not mine:
        raise SlipwayError(f"dvc.yaml has no stage for '{product}': does products/products.yaml list it?")
    if stage is not None and stage not in mine:
        raise SlipwayError(f"'{stage}' is no stage of {product}: it has {', '.join(sorted(mine))}")
    ends = [mine[stage]] if stage is not None else list(mine.values())
    return stages & {one for end in ends for one in [end, *nx.descendants(graph, end)]}


def reproduce(
    root: Path,
    name: str,
    *,
    snapshot: CodeSnapshot,
    isolate: bool = False,
    force: bool = False,
    switches: Sequence[str] = (),
) -> Outcome:
    """Bring one stage up to date; what it needs must be.

    Waits while another process holds a file of the stage.

    Args:
        root: The project.
        name: As DVC addresses the stage.
        snapshot: The code that this process has imported.
        isolate: Whether the stage runs in a process of its own.
        force: Whether it runs though it is up to date.
        switches: Words that change nothing of its result (`--tensorboard`), so DVC is not told of them.

    Raises:
        SlipwayError: the stage's own error, or `EditedDuringRun`.
    """
    waiting = False
    while True:
        call = _Call(isolate=isolate, snapshot=snapshot, lockfile=Lockfile(root), switches=switches)
        token = _call.set(call)
        try:
            with _repo(root) as repo, _whole_lockfile(call.lockfile):
                done = repo.reproduce(name, single_item=True, force=force)
            return "ran" if call.executed else "restored" if done else "unchanged"
        except (LockError, ReproductionError) as error:
            cause = error if isinstance(error, LockError) else error.__cause__
            if not isinstance(cause, LockError):
                raise cause or error from None
            if not waiting:
                logger.info("%s waits: %s", name, _holder(cause))
                waiting = True
        finally:
            _call.reset(token)
        with _repo(root) as repo, repo.lock:
            drop_stale_locks(Path(repo.tmp_dir))
        time.sleep(POLL_SECONDS)


@contextmanager
def _repo(root: Path) -> Iterator[Any]:
    """Open DVC's view of the project for one thread; waits for its lock, as `dvc --wait-for-lock` does.

    Typed as Any, because DVC attaches its commands to `Repo` in a way that type checkers misread.
    """
    assert Path.cwd() == root.resolve(), f"DVC and the stages name files from {root}, not from {Path.cwd()}"
    logging.getLogger("dvc").setLevel(logging.ERROR)
    _install_runner()
    with _bookkeeping, _open(root) as repo:
        yield repo


@contextmanager
def _whole_lockfile(lockfile: Lockfile) -> Iterator[None]:
    """Let DVC write dvc.lock, and put it back as it was if that fails."""
    lockfile.begin()
    try:
        yield
    except BaseException:
        lockfile.undo()
        raise
    lockfile.end()


def _open(root: Path) -> Repo:
    try:
        return Repo(str(root), _wait_for_lock=True)
    except (NotDvcRepoError, SCMError) as error:
        raise SlipwayError(f"{error}. Run `git init` and `dvc init` there; `slipway doctor` looks again.") from None


def _install_runner() -> None:
    """Let DVC's own `Stage.run` call our runner where it would start a shell: the one private symbol we use."""
    original = dvc.stage.run.cmd_run
    if getattr(original, "is_bridge", False):
        return

    def cmd_run(stage: Stage, dry: bool = False, run_env: dict[str, str] | None = None) -> None:
        call = _call.get()
        if call is None or dry:
            original(stage, dry=dry, run_env=run_env)
        else:
            _execute(stage, call, original)

    cmd_run.is_bridge = True  # type: ignore[attr-defined]
    dvc.stage.run.cmd_run = cmd_run


def _execute(stage: Stage, call: _Call, shell: Any) -> None:
    """Run the stage's command, and refuse its result if what it depends on has changed meanwhile."""
    call.executed = True
    stage.save_deps()  # the hashes before the run; DVC itself records those after it
    call.lockfile.end()  # while the stage runs, other threads may have DVC write it
    _bookkeeping.release()
    try:
        module, argv = _module_of(stage)
        if module is None:
            shell(stage, run_env={"PATH": search_path()})
        elif call.isolate or not _runs_here(stage, module, call.snapshot):
            spawn(stage.addressing, [module, *argv, *call.switches])
        else:
            run(getattr(importlib.import_module(module), module.removeprefix("tasks.")), [*argv, *call.switches])
    finally:
        _bookkeeping.acquire()
        call.lockfile.begin()
        call.snapshot.is_current(_code(stage))  # remembers what was edited meanwhile
    edited = [str(dependency) for dependency in stage.deps if dependency.workspace_status()]
    if edited:
        raise EditedDuringRun(
            f"{', '.join(edited)} changed while {stage.addressing} ran, so its result is not recorded. Run it again."
        )


def _module_of(stage: Stage) -> tuple[str | None, list[str]]:
    """Split `python -m tasks.train ARGS` into the module and its arguments; (None, []) for other commands."""
    words = shlex.split(stage.cmd) if isinstance(stage.cmd, str) else []
    if words[:2] == ["python", "-m"] and len(words) > 2 and words[2].startswith("tasks."):
        return words[2], words[3:]
    return None, []


def _runs_here(stage: Stage, module: str, snapshot: CodeSnapshot) -> bool:
    """Import the module; say whether the code in memory is what DVC is about to record.

    It is looked at before the import, so that no edited file is imported here, and after it.
    """
    code = _code(stage)
    if not snapshot.is_current(code):
        return False
    importlib.import_module(module)
    return snapshot.is_current(code)


def _code(stage: Stage) -> list[Path]:
    return [Path(one.fs_path) for one in stage.deps if one.fs_path.endswith(".py")]


def _reasons(stage: Stage) -> list[str]:
    """Ask DVC what changed since the stage ran, as `dvc status` does."""
    if not any(dependency.hash_info for dependency in stage.deps):
        return ["never ran"]
    try:
        status: dict[str, list[Any]] = stage.status()
    except LockError as error:
        return [_holder(error)]
    reasons = []
    for entry in status.get(stage.addressing, []):
        if isinstance(entry, str):
            reasons.append(entry)
            continue
        for change in entry.values():
            for path, what in change.items():
                keys = what if isinstance(what, dict) else {"": what}
                reasons += [f"{path}{f': {key}' if key else ''} {word}" for key, word in keys.items()]
    return reasons


def _holder(error: LockError) -> str:
    """Return the part of DVC's message that says which file is busy, and by which process."""
    return " ".join(str(error).split("\n\n")[0].split())
