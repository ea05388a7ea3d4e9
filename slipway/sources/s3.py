"""Objects in S3 and what speaks like it, through boto3 (the extra `s3`), which finds credentials as AWS's tools do."""

import contextlib
import fnmatch
from collections.abc import Iterator
from typing import Any

from slipway.errors import DataError, SlipwayError
from slipway.product.ingest import Download
from slipway.sources.fetching import RANGE_TOO_FAR, TRANSIENT, Answer, Interrupted

CHANGED = 412


def list_urls(url: str, options: Download) -> list[str]:
    """Return the URLs of the objects that an s3:// glob fits, sorted; `*` stands for anything, `/` too."""
    bucket, pattern = _parts(url)
    prefix = pattern[: min(pattern.find(character) for character in "*?[" if character in pattern)]
    with _errors_told(url):
        pages = _client(options).get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    found = sorted(key for key in keys if fnmatch.fnmatchcase(key, pattern) and not key.endswith("/"))
    if not found:
        raise DataError(f"{url} fits none of the {len(keys):,} objects whose names begin with '{prefix}'")
    return [f"s3://{bucket}/{key}" for key in found]


@contextlib.contextmanager
def ask_s3(url: str, start: int, tag: str | None, options: Download) -> Iterator[Answer]:
    """Ask for an object from a byte on; one that has changed since is asked for from its beginning."""
    bucket, key = _parts(url)
    only = {"Range": f"bytes={start}-"} if start else {}
    same = {"IfMatch": tag} if start and tag else {}
    with _errors_told(url):
        try:
            answer = _client(options).get_object(Bucket=bucket, Key=key, **only, **same)
        except _client_error() as error:
            if not start or _status(error) not in (CHANGED, RANGE_TOO_FAR):
                raise
            start, answer = 0, _client(options).get_object(Bucket=bucket, Key=key)
        yield Answer(start, answer.get("ETag"), answer["Body"].iter_chunks(1 << 20))


def _parts(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def _boto3() -> Any:
    try:
        import boto3
    except ImportError:
        raise SlipwayError("s3:// needs boto3: install it with `pip install 'slipway[s3]'`") from None
    return boto3


def _client(options: Download) -> Any:
    """Make a client; without credentials it asks without a name, as public buckets allow."""
    session = _boto3().Session()
    import botocore
    from botocore.config import Config

    config = Config(
        connect_timeout=options.timeout_seconds,
        read_timeout=options.timeout_seconds,
        retries={"max_attempts": 0},  # fetch retries
        signature_version=None if session.get_credentials() else botocore.UNSIGNED,
    )
    return session.client("s3", config=config, region_name=session.region_name or "us-east-1")


def _client_error() -> type[Exception]:
    from botocore.exceptions import ClientError

    return ClientError


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


@contextlib.contextmanager
def _errors_told(url: str) -> Iterator[None]:
    _boto3()
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        if _status(error) in TRANSIENT:
            raise Interrupted(f"the server answers {_status(error)}") from None
        raise DataError(f"{url} cannot be had: {error}") from None
    except BotoCoreError as error:
        raise Interrupted(str(error)) from None
