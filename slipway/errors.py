"""The errors that a user can act on: each message says what, where and how to mend it."""


class SlipwayError(Exception):
    """Base of all errors that are the user's to mend; one to three lines, no traceback needed."""


class ParamsError(SlipwayError):
    """A key or value in params.yaml (or another file that a user writes) is wrong."""


class DataError(SlipwayError):
    """The data is not what its product says it is: a missing file, column, class, or a wrong hash."""


class Diverged(DataError):
    """A training loss is no number, or far above that of an untrained network; its last good weights are kept."""


class Refused(SlipwayError):
    """An input carries the verdict `passed: false`, so nothing is built on it."""


class GateFailed(SlipwayError):
    """A release does not keep a rule of the gate; nothing was published."""


class BundleError(SlipwayError):
    """A bundle or release is damaged, incomplete or absent."""


DISK_FULL = ("No space left on device", "Disk quota exceeded")


def lines_of(error: Exception) -> str | None:
    """Return what to tell a user whose error this is to mend, a full disk included; None where it was not foreseen.

    A full disk is known by its text: libraries in other languages put the system's message into errors of their own.
    """
    if any(reason in str(error) for reason in DISK_FULL):
        return "the disk is full. Free some space and run the same command again: what was done is kept."
    return str(error) if isinstance(error, SlipwayError) else None
