"""Checkpoints: all that a run needs to go on where it was killed, and end with the weights it would have ended with.

They lie outside the stage's folder, which DVC deletes before a stage runs. A file is named by the
fingerprint of what is learned, so that one of other rows or parameters is never taken for it.
"""

import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from slipway.errors import DataError
from slipway.files import sync

State = dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one configuration.

    Attributes:
        folder: Where checkpoints lie.
        fingerprint: What is learned: parameters, rows, versions.
        member: Which network of an ensemble, from 0; each has a file of its own.
    """

    folder: Path
    fingerprint: str
    member: int = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self._stem}{f'-{self.member}' if self.member else ''}.pt"

    def of(self, member: int) -> "Checkpoint":
        """Return that of another network of the ensemble."""
        return replace(self, member=member)

    def read(self, device: torch.device) -> State | None:
        """Return what was written last; None where there is none.

        Raises:
            DataError: The file is damaged, or of another configuration.
        """
        if not self.path.exists():
            return None
        mend = f"Delete {self.path} to train from the start."
        try:
            state = torch.load(self.path, map_location=device, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, ValueError) as error:
            raise DataError(f"{self.path} is damaged ({str(error).splitlines()[0]}). {mend}") from None
        if not isinstance(state, dict) or (state.get("fingerprint"), state.get("member")) != (
            self.fingerprint,
            self.member,
        ):
            raise DataError(f"{self.path} is a checkpoint of other rows or parameters. {mend}")
        return state

    def write(self, state: State) -> None:
        """Replace the file whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save({**state, "fingerprint": self.fingerprint, "member": self.member}, self._new)
        sync(self._new)
        self._new.replace(self.path)
        sync(self.folder)

    def others(self) -> list[Path]:
        """Return the checkpoints of other configurations."""
        mine = set(self.folder.glob(f"{self._stem}*.pt"))
        return sorted(path for path in self.folder.glob("checkpoint-*.pt") if path not in mine)

    def remove(self) -> None:
        """Delete those of all members, and what a killed process was writing: the run has ended."""
        for path in self.folder.glob(f"{self._stem}*"):
            path.unlink(missing_ok=True)

    @property
    def _stem(self) -> str:
        return f"checkpoint-{self.fingerprint[:16]}"

    @property
    def _new(self) -> Path:
        return self.path.with_suffix(".new")
