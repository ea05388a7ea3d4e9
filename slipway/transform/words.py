"""What a server computes on one text before the model: its words, and the bucket of a category. No library is needed.

applying.py computes the same on columns. Words and lower case are defined by lists of characters, because the tables of
Unicode that Python and polars carry differ, and with them what a letter is.
"""

import re
from hashlib import blake2b

# All of ASCII but letters and digits; punctuation, symbols, white space and emoji beyond it; and the cased letters
# that Unicode added after version 14, which some Pythons cannot turn to lower case.
SEPARATORS = (
    r"[\x00-/:-@\[-`{-\x7f\u0080-©«-´¶-¹»-¿×÷\u037e\u0387\u0589-\u058a\u05be\u060c\u061b\u061f\u066a-\u066d\u06d4"
    r"\u0964\u0965\u1680\u180e\u1c89\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020"
    r"\u3030\u303d-\u303f\u30fb\ua7cb-\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\ufe10-\ufe1f\ufe30-\ufe6f\ufeff"
    r"\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffef\ufff0-\uffff"
    r"\U00010d50-\U00010d65\U00016ea0-\U00016eb8\U0001f000-\U0001faff]+"
)

# The last sigma of a word has a form of its own, and Unicode's rule for where a word ends is not simple.
LAST_SIGMA, SIGMA = "ς", "σ"

_SEPARATORS = re.compile(SEPARATORS)


def words(text: str) -> str:
    r"""Return the words of a text in lower case, joined by single spaces.

    >>> words("The cat's  2nd\thome, ÉCOLE 東京 :-)")
    'the cat s 2nd home école 東京'
    """
    return _SEPARATORS.sub(" ", text).lower().replace(LAST_SIGMA, SIGMA).strip(" ")


def bucket(text: str, buckets: int) -> int:
    """Return the bucket of a text, 0 to buckets - 1: the same in every process, library and year.

    >>> bucket("Paris", 32), bucket("Lyon", 32)
    (11, 23)
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") % buckets
