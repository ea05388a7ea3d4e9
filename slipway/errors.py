"""The errors that a user can act on: each message says what, where and how to mend it."""


class SlipwayError(Exception):
    """Base of all errors that are the user's to mend; one to three lines, no traceback needed."""


class ParamsError(SlipwayError):
    """A key or value in params.yaml (or another file that a user writes) is wrong."""


class DataError(SlipwayError):
    """The data is not what its product says it is: a missing file, column, class, or a wrong hash."""


class Refused(SlipwayError):
    """An input carries the verdict `passed: false`, so nothing is built on it."""


class GateFailed(SlipwayError):
    """A release does not keep a rule of the gate; nothing was published."""


class BundleError(SlipwayError):
    """A bundle or release is damaged, incomplete or absent."""
