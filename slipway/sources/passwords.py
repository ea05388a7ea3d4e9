"""Passwords do not stand in URLs: these are written into params.yaml, sources.json and errors."""

import re
from urllib.parse import parse_qs, urlsplit

from slipway.errors import ParamsError

VARIABLE = re.compile(r"\$\{(\w+)\}")


def require_no_login(url: str) -> None:
    """Refuse a URL that holds a user or a password; neither is in the error.

    Raises:
        ParamsError: It does.
    """
    if "@" in urlsplit(url).netloc:
        host = urlsplit(url).netloc.rpartition("@")[2]
        raise ParamsError(
            f"the URL of a file on {host} holds a user or a password, which would be written into the repository: "
            "download the file yourself, and put it into the product's source/"
        )


def without_query(file: str | None) -> str | None:
    """Return a URL without what stands behind its path, where tokens stand; a file's name as it is.

    >>> without_query("https://example.org/rows.csv?token=s3cret#part")
    'https://example.org/rows.csv'
    """
    return file if file is None or "://" not in file else urlsplit(file)._replace(query="", fragment="").geturl()


def require_no_password(connection: str) -> None:
    """Refuse a connection whose password is no environment variable; it is not in the error.

    Raises:
        ParamsError: It is none.
    """
    parts = urlsplit(connection)
    passwords = [parts.password or "", *parse_qs(parts.query).get("password", [])]
    if any(password and not VARIABLE.fullmatch(password) for password in passwords):
        raise ParamsError(
            "ingest.source.connection holds a password, which would be written into the repository: "
            "set an environment variable NAME, and write ${NAME} in its place"
        )
