"""Fit the step of a product of texts: a vocabulary of tokens, from the training texts that privatize releases."""

import json

import polars as pl
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from slipway.errors import DataError
from slipway.product.steps import Tokens
from slipway.transform.columns import Counts, in_parts, no_value
from slipway.transform.fitted import Tokenized
from slipway.transform.tokens import PADDING, TEXTS_AT_ONCE

PADDING_TOKEN, UNKNOWN_TOKEN = "[PAD]", "[UNK]"


def fit_tokens(rows: pl.LazyFrame, name: str, steps: Tokens, counts: Counts) -> Tokenized:
    """Fit byte-pair encoding (Sennrich et al. 2016) over the bytes of the texts (Radford et al. 2019).

    Bytes, because any text is made of the same 256: no alphabet has to be cut, and nothing depends on Unicode's
    tables. A byte that no training text holds is unknown.

    Raises:
        DataError: No text is there, or all are the same.
    """
    text = pl.col(name)
    facts = rows.select(present=text.count(), missing=text.null_count(), first=text.min(), last=text.max())
    num_present, num_missing, first, last = facts.collect(engine="streaming").row(0)
    if not num_present:
        raise no_value(name)
    if first == last and not num_missing:
        raise DataError(f"each training row of '{name}' holds the same text: there is nothing to learn")
    if num_missing:
        counts.missing[name] = num_missing
    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN_TOKEN, fuse_unk=True))
    if steps.lower:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(
        vocab_size=steps.vocabulary,
        min_frequency=steps.min_frequency,
        special_tokens=[PADDING_TOKEN, UNKNOWN_TOKEN],
        show_progress=False,
    )
    batches = (part.drop_nulls().to_list() for part in in_parts(rows, text, TEXTS_AT_ONCE))
    tokenizer.train_from_iterator(batches, trainer, length=num_present)
    tokenizer.enable_truncation(steps.length)
    tokenizer.enable_padding(length=steps.length, pad_id=PADDING, pad_token=PADDING_TOKEN)
    return Tokenized(
        column=name,
        length=steps.length,
        vocabulary=tokenizer.get_vocab_size(),
        tokenizer=_without_added_tokens(tokenizer),
    )


def _without_added_tokens(tokenizer: Tokenizer) -> str:
    """Return tokenizer.json; its two special tokens have numbers, but are not found in texts that spell them."""
    content = json.loads(tokenizer.to_str())
    content["added_tokens"] = []
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
