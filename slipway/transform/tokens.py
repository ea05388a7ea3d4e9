"""Read texts as tokens, by the vocabulary of tokenizer.json: the same code for training rows and for one record."""

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"

PADDING, UNKNOWN = 0, 1

CHARACTERS_PER_TOKEN = 64
"""More of a text is not looked at: or the tokens of a megabyte would be found, to keep a hundred."""

TEXTS_AT_ONCE = 4096
SPACE = "Ġ"
"""How a byte-level vocabulary writes the space before a word."""


class TokenReader:
    """Turns texts into rows of tokens: as many as tokenizer.json says, padding behind the last one.

    Attributes:
        length: Tokens of a row.
    """

    def __init__(self, content: str) -> None:
        self._tokenizer = Tokenizer.from_str(content)
        truncation = self._tokenizer.truncation
        assert truncation is not None, "privatize writes the length into tokenizer.json"
        self.length = int(truncation["max_length"])
        self._num_characters = CHARACTERS_PER_TOKEN * self.length

    def read(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the tokens of N texts: [N, length] int64; an empty text is padding alone."""
        made = np.empty((len(texts), self.length), dtype=np.int64)
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = [text[: self._num_characters] for text in texts[start : start + TEXTS_AT_ONCE]]
            rows = slice(start, start + len(some))
            made[rows] = [each.ids for each in self._tokenizer.encode_batch_fast(some)]
        return made

    def words(self, text: str) -> list[tuple[str, slice]]:
        """Return the words of a text that are read, each with the places of its tokens."""
        read = self._tokenizer.encode(text[: self._num_characters])
        places: dict[int, list[int]] = {}
        for place, word in enumerate(read.word_ids):
            if word is not None:
                places.setdefault(word, []).append(place)
        return [
            (text[read.offsets[own[0]][0] : read.offsets[own[-1]][1]].strip(), slice(own[0], own[-1] + 1))
            for own in places.values()
        ]


def whole_words(content: str, count: int) -> list[str]:
    """Return words of a vocabulary, the most frequent first: tokens of letters that begin with a space."""
    vocabulary: dict[str, int] = json.loads(content)["model"]["vocab"]
    tokens = sorted(vocabulary, key=vocabulary.__getitem__)
    words = [token[1:] for token in tokens if token.startswith(SPACE)]
    return [word for word in words if len(word) > 1 and word.isascii() and word.isalpha()][:count]
