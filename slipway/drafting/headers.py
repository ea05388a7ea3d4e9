"""Whether the first line of a delimited text names its columns."""

from slipway.drafting.cells import WEAK_MARKERS, is_missing, is_number, is_typed


def has_header(rows: list[list[str]]) -> bool:
    """Say whether the first row names the columns, by what each column holds below it.

    A name is no number above numbers, stands nowhere below itself, and is not empty. One that is told twice is a name
    where nothing speaks against the others: ingest says so then, while a made-up name would hide it.

    >>> has_header([["age", "sex"], ["39", "m"], ["50", "f"]]), has_header([["39", "m"], ["50", "f"], ["12", "m"]])
    (True, False)
    """
    first, body = [cell.strip() for cell in rows[0]], rows[1:]
    if any(is_number(cell) for cell in first):
        return _are_years(first)
    if sum(is_missing(cell) for cell in first) > 1 or not body:
        return not body and not any(is_typed(cell) for cell in first)
    columns = [[cell.strip() for cell in column] for column in zip(*body, strict=True)]
    votes = [_vote(name, column) for name, column in zip(first, columns, strict=True)]
    twice = {cell for cell in first if first.count(cell) > 1}
    if twice:
        return max(votes) > 1 and min(votes) >= 0 and not twice & WEAK_MARKERS
    return sum(votes) > 0


def _are_years(first: list[str]) -> bool:
    """Say whether the numbers of a first row are years above their figures (`country, 1990, 2000`)."""
    numbers = [cell for cell in first if is_number(cell)]
    years = [int(cell) for cell in numbers if cell.isdigit() and 1800 <= int(cell) <= 2100]
    return len(years) == len(numbers) < len(first) and years == sorted(set(years)) and len(years) > 1


def _vote(name: str, column: list[str]) -> float:
    """Say how much a column makes its first cell a name: above 0 for it, below against it."""
    known = [cell for cell in column if not is_missing(cell)]
    if not known:
        return 0.0
    if is_typed(name):
        return -2.0
    typed = sum(is_typed(cell) for cell in known) / len(known)
    if typed > 0.5:
        return 0.0 if is_missing(name) else 2.0 * typed
    times = known.count(name)
    if times:
        return -2.0 if times > 1 or len(set(known)) < len(known) / 2 else -1.0
    lengths = [len(cell) for cell in known]
    if min(lengths) == max(lengths) != len(name):
        return 1.0
    if len(set(known)) <= max(2, len(known) / 4):  # few values, and the first is none of them
        return 1.0
    return 0.25 if len(name) <= 30 and sum(lengths) / len(lengths) > 2 * len(name) else 0.1
