"""Downloads: retried, gone on with where they broke off, checked, and kept in the user's cache under their sha256.

The cache stands outside the project (`~/.cache/slipway` on Linux), so no stage's folder holds what was downloaded,
and two products that pin the same file download it once. It may be deleted at any time.
"""

import contextlib
import fcntl
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import httpx
import platformdirs

from slipway.errors import DataError
from slipway.files import sha256_of, write_text_whole
from slipway.product.ingest import Download
from slipway.sources.passwords import require_no_login
from slipway.sources.workplace import File, Workplace

MAX_WAIT_SECONDS = 30.0
TRANSIENT = frozenset([408, 425, 429, 500, 502, 503, 504])
RANGE_TOO_FAR = 416


class Interrupted(Exception):
    """A download broke off in a way that another attempt may mend."""


class Useless(Exception):
    """What has arrived is no beginning of the file: it is as long, or longer."""


class Answer(NamedTuple):
    """What a server sends: the bytes from `start` on of the version of a file that it names `tag`."""

    start: int
    tag: str | None
    blocks: Iterator[bytes]


def cache_folder() -> Path:
    """Return where downloads are kept."""
    return Path(platformdirs.user_cache_dir("slipway", appauthor=False)) / "downloads"


def fetch_all(url: str, sha256: str | None, place: Workplace) -> list[File]:
    """Return the files that a URL or an s3:// glob stands for, downloaded or from the cache.

    Raises:
        DataError: A file is not there, not to be had, or not the pinned one.
        ParamsError: The URL holds a user or a password.
    """
    require_no_login(url)
    if url.startswith("s3://") and any(character in url for character in "*?["):
        from slipway.sources.s3 import list_urls

        return [File(name_of(each), fetch(each, None, place.download)) for each in list_urls(url, place.download)]
    return [File(name_of(url), fetch(url, sha256, place.download))]


def name_of(url: str) -> str:
    """Return the name of a URL's file, which leads into no other folder.

    >>> name_of("https://host/a/my%20rows.csv?b=1"), name_of("https://host/..%2F..%2Fx"), name_of("https://host/%2e%2e")
    ('my rows.csv', 'x', 'index')
    """
    name = PurePosixPath(unquote(urlsplit(url).path)).name
    return name if name not in ("", "..") else "index"


def fetch(url: str, sha256: str | None, options: Download) -> Path:
    """Return the path of one file in the cache; a pinned one that is there is not asked for again."""
    cache = cache_folder()
    if sha256 is not None and (cache / sha256).is_file():
        return cache / sha256
    part = cache / f"{hashlib.sha256(url.encode()).hexdigest()}.part"
    with _alone(part):
        failures = 0
        while True:
            size = _size(part)
            try:
                return _attempt(url, sha256, part, options)
            except Useless:
                part.unlink()
            except Interrupted as error:
                failures = 0 if _size(part) > size else failures + 1
                if failures > options.retries:
                    raise DataError(
                        f"{url} could not be downloaded: {error}.\nWhat has arrived is kept: run it again when it "
                        "can be reached, or put the file into the product's source/ or below SLIPWAY_DATA."
                    ) from None
                time.sleep(min(2.0 ** max(failures - 1, 0), MAX_WAIT_SECONDS))


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


@contextlib.contextmanager
def _alone(part: Path) -> Iterator[None]:
    """Have a second process that wants the same file wait until the first has it."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _attempt(url: str, sha256: str | None, part: Path, options: Download) -> Path:
    """Ask once for what is missing; put it where its sha256 says."""
    if sha256 is not None and (part.parent / sha256).is_file():  # another process had it meanwhile
        return part.parent / sha256
    note = part.with_suffix(".json")  # {"tag", "sha256"}: the version of the part, or of what it became
    noted = json.loads(note.read_text()) if note.is_file() else {}
    is_resumable = noted.get("sha256") is None and (noted.get("tag") is not None or sha256 is not None)
    start = _size(part) if is_resumable else 0
    with _ask(url, start, noted.get("tag"), options) as answer:
        known = part.parent / str(noted.get("sha256"))
        if answer.tag is not None and answer.tag == noted.get("tag") and known.is_file() and sha256 is None:
            return known
        write_text_whole(note, json.dumps({"tag": answer.tag}))
        with part.open("r+b" if part.is_file() else "wb") as out:
            out.truncate(answer.start)
            out.seek(answer.start)
            for block in answer.blocks:
                out.write(block)
    found = sha256_of(part)
    if sha256 is not None and found != sha256:
        part.unlink()
        note.unlink()
        raise DataError(
            f"{url} is not the pinned file: its sha256 is {found},\nbut ingest.source says {sha256}.\n"
            "Pin the new one if the change is meant."
        )
    part.replace(part.parent / found)
    write_text_whole(note, json.dumps({"tag": answer.tag, "sha256": found}))
    return part.parent / found


def _ask(url: str, start: int, tag: str | None, options: Download) -> AbstractContextManager[Answer]:
    if url.startswith("s3://"):
        from slipway.sources.s3 import ask_s3

        return ask_s3(url, start, tag, options)
    return _ask_http(url, start, tag, options)


@contextlib.contextmanager
def _ask_http(url: str, start: int, tag: str | None, options: Download) -> Iterator[Answer]:
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": tag} if tag else {})
    try:
        with httpx.stream(
            "GET", url, headers=headers, timeout=options.timeout_seconds, follow_redirects=True
        ) as response:
            status = response.status_code
            if start and status == RANGE_TOO_FAR:
                raise Useless
            if status in TRANSIENT:
                raise Interrupted(f"the server answers {status}")
            if status not in (200, 206):
                raise DataError(f"{url} cannot be had: the server answers {status} {response.reason_phrase}")
            yield Answer(start if status == 206 else 0, _strong(response.headers.get("etag")), response.iter_raw())
    except httpx.TransportError as error:
        raise Interrupted(str(error) or type(error).__name__) from None
    except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise DataError(f"{url} cannot be had: {error}") from None


def _strong(tag: str | None) -> str | None:
    """Return a tag that promises the same bytes; a weak one does not."""
    return None if tag is None or tag.startswith("W/") else tag
