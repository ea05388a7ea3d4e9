"""Numbers that may stand for a missing value: one extreme, -999 or 9999, again and again and far from all others."""

import polars as pl

from slipway.drafting.profiling import Profile

MIN_ROWS = 5
MIN_SHARE = 0.005
MIN_OTHERS = 10
FAR = 1.0


def extremes(seen: Profile, columns: list[str]) -> dict[str, str]:
    """Return columns of numbers whose least or greatest value repeats further out than all others are wide; and why.

    Judged on the sample; 0 is left out, which means itself where most have none of something.
    """
    found = {}
    for name in columns:
        known = seen.sample[name].drop_nulls().cast(pl.Float64)
        why = _far(known) if len(known) >= MIN_ROWS else []
        if why:
            mend = "if it means a missing value, say preprocess.replace: {column: {value: null}}"
            found[name] = f"{' and '.join(why)}: {mend}"
    return found


def _far(known: pl.Series) -> list[str]:
    ends = {known.min(), known.max()}
    others = known.filter(~known.is_in(list(ends)))
    if others.n_unique() < MIN_OTHERS:
        return []
    low, high = float(others.min() or 0), float(others.max() or 0)  # type: ignore[arg-type]
    told = []
    for end in sorted(float(end) for end in ends):  # type: ignore[arg-type]
        count = int((known == end).sum())
        away = max(low - end, end - high)
        if end and count >= max(MIN_ROWS, MIN_SHARE * len(known)) and away > FAR * (high - low):
            told.append(
                f"{end:g} stands in {100 * count / len(known):.1f} % of its rows, the others in {low:g}..{high:g}"
            )
    return told
