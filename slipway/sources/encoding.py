"""Text in other encodings, brought to UTF-8 in a stream, line for line."""

import codecs
from pathlib import Path

from slipway.errors import DataError
from slipway.product.ingest import Read

BLOCK_BYTES = 1 << 22


def windows_1252() -> str:
    """Return the 256 characters of Windows-1252; its five unused bytes are Latin-1's, as in browsers."""
    characters = [bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in range(256)]
    return "".join(characters)


def to_utf8(path: Path, name: str, read: Read, out: Path) -> Path:
    """Return a file in UTF-8: `path` itself where it is so, else `out`, written without a byte order mark.

    Half a character pair of UTF-16 comes out as bytes that are no UTF-8, so that its line is found with the others.

    Raises:
        DataError: The file is not in the encoding that `read.encoding` says.
    """
    with path.open("rb") as file:
        start = file.read(4)
    marked = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if read.encoding == "utf-8":
        if marked:
            raise DataError(f"{name} starts as UTF-16 does: set read.encoding: utf-16")
        return path
    if read.encoding == "utf-16" and not marked and 0 not in start:
        raise DataError(f"{name} is not UTF-16: its first bytes are {start!r}. Remove read.encoding, or correct it.")
    with path.open("rb") as file, out.open("wb") as copy:
        if read.encoding == "latin-1":
            table = windows_1252()
            while block := file.read(BLOCK_BYTES):
                copy.write(codecs.charmap_decode(block, "strict", table)[0].encode())
            return out
        encoding = "utf-16" if marked else ("utf-16-le" if start[1:2] == b"\0" else "utf-16-be")
        decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        try:
            while block := file.read(BLOCK_BYTES):
                copy.write(decoder.decode(block).encode("utf-8", "surrogatepass"))
            copy.write(decoder.decode(b"", final=True).encode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as error:
            raise DataError(f"{name} ends in the middle of a character ({error.reason}): is it complete?") from None
    return out
