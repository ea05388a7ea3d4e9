import random
import uuid

import polars as pl
import pytest

from slipway.drafting.leakage import later_dates, leakage
from slipway.drafting.profiling import profile
from slipway.drafting.roles import role_of
from slipway.drafting.targets import choose_target, labels_of, spellings
from slipway.drafting.vocabulary import sensitive_name, sensitive_values, words
from slipway.errors import ParamsError

DICE = random.Random(7)
N = 200


def seen(tmp_path, **columns):
    return profile(pl.LazyFrame(columns), missing=[], work=tmp_path)


def role(tmp_path, name, values):
    one = seen(tmp_path, **{name: values})
    return role_of(one.columns[name], one)


WORDS = [
    "the",
    "film",
    "was",
    "good",
    "bad",
    "long",
    "short",
    "funny",
    "dull",
    "and",
    "a",
    "bit",
    "of",
    "nothing",
    "to",
    "see",
    "for",
    "all",
    "who",
    "like",
    "it",
]


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("weight", [DICE.gauss(70, 9) for _ in range(N)], "number"),
        ("rooms", [DICE.randint(1, 6) for _ in range(N)], "number"),
        ("num_rooms", [DICE.randint(1, 16) for _ in range(N)], "number"),
        ("colour", [DICE.choice(["red", "blue", "green"]) for _ in range(N)], "category"),
        ("shop_id", [DICE.randint(1, 40) for _ in range(N)], "category"),
        ("zip", [DICE.choice(["01234", "99999", "10000"]) for _ in range(N)], "category"),
        ("customer_id", DICE.sample(range(10**6), N), "identifier"),
        ("row", list(range(N)), "identifier"),
        ("token", [str(uuid.UUID(int=DICE.getrandbits(128))) for _ in range(N)], "identifier"),
        ("contact", [f"p{n}@example.org" for n in range(N)], "identifier"),
        ("phone", [f"+49 30 {DICE.randrange(10**7)}" for _ in range(N)], "identifier"),
        ("review", [" ".join(DICE.choices(WORDS, k=9)) for _ in range(N)], "text"),
        ("when", [f"2020-{DICE.randint(1, 12):02}-{DICE.randint(1, 28):02}" for _ in range(N)], "date"),
        ("smoker", [DICE.choice(["yes", "no"]) for _ in range(N)], "boolean"),
        ("active", [DICE.random() < 0.5 for _ in range(N)], "boolean"),
        ("empty", [None] * N, "ignored"),
        ("version", ["v1"] * N, "ignored"),
    ],
)
def test_a_column_plays_the_part_that_its_values_and_name_tell(tmp_path, name, values, wanted):
    assert role(tmp_path, name, values).role == wanted


def test_what_may_be_protected_is_flagged_by_name_and_by_values(tmp_path):
    assert role(tmp_path, "Geschlecht", ["a", "b"] * 50).sensitive == "sex"
    assert role(tmp_path, "column_9", ["Male", "Female"] * 50).sensitive == "sex"
    assert role(tmp_path, "age", [20, 30] * 50).sensitive == "age"
    assert role(tmp_path, "mileage", [20, 30] * 50).sensitive is None
    assert role(tmp_path, "paint", ["red", "black", "white"] * 50).sensitive is None
    assert [sensitive_name(name) for name in ("native-country", "maritalStatus", "page", "RACE")] == [
        "origin",
        "marital status",
        None,
        "ethnicity",
    ]
    assert sensitive_values(["White", "Black", "Asian-Pac-Islander", "Other", "Amer-Indian-Eskimo"]) == "ethnicity"


def test_names_are_cut_into_words():
    assert words("PULocationID") == ["pu", "location", "id"]
    assert words("pm2.5") == ["pm2", "5"]


X, Y = [DICE.random() for _ in range(N)], [DICE.choice(["a", "b"]) for _ in range(N)]


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"label": Y, "x": X}, ("label", "classification", "named")),
        ({"x": X, "is_fraud": [DICE.randint(0, 1) for _ in X], "z": X}, ("is_fraud", "classification", "named")),
        ({"x": X, "price": X, "size": X}, ("price", "regression", "named")),
        ({"x": X, "z": Y}, ("z", "classification", "guessed")),
        ({"z": Y, "x": [str(uuid.UUID(int=n)) for n in range(N)]}, ("z", "classification", "guessed")),
        ({"z": Y, "x": X}, ("x", "regression", "guessed")),
        ({"x": X, "name": [f"name {n}" for n in range(N)]}, (None, "classification", "none")),
        ({"x": X, "stars": [DICE.randint(1, 5) for _ in X]}, ("stars", "classification", "guessed")),
        ({"x": X, "sold": [DICE.randint(0, 900) for _ in X]}, ("sold", "regression", "guessed")),
        ({"x": X}, (None, "classification", "none")),
    ],
)
def test_the_target_is_told_by_name_then_by_place(tmp_path, columns, wanted):
    found = choose_target(seen(tmp_path, **columns))
    assert (found.column, found.task, found.confidence) == wanted


def test_a_given_target_is_taken_and_a_wrong_one_refused_with_the_near_one(tmp_path):
    one = seen(tmp_path, x=X, colour=Y, z=X)
    assert choose_target(one, "colour").confidence == "given"
    with pytest.raises(ParamsError, match="--target 'color': the source has no such column; did you mean 'colour'"):
        choose_target(one, "color")


def test_labels_are_spelled_as_slipway_spells_them(tmp_path):
    assert labels_of(seen(tmp_path, t=[1.0, 2.0, 1.0]).columns["t"]) == {"1": 2, "2": 1}
    assert labels_of(seen(tmp_path, t=[True, False, True]).columns["t"]) == {"true": 2, "false": 1}
    assert spellings({"yes": 5, "Yes": 2, "no": 4, "no.": 1}) == {"Yes": "yes", "no.": "no"}


def test_a_column_that_nearly_determines_the_target_is_a_suspect(tmp_path):
    target = [DICE.choice(["yes", "no"]) for _ in range(1000)]
    code = [{"yes": 7, "no": 3}[label] if n % 100 else 5 for n, label in enumerate(target)]
    score = [(label == "yes") + DICE.random() / 2 for label in target]
    closed = ["2020-01-01" if label == "yes" else None for label in target]
    noise = [DICE.random() for _ in target]
    one = seen(tmp_path, code=code, score=score, closed=closed, noise=noise, target=target)
    found = leakage(one, choose_target(one), ["code", "score", "closed", "noise"])
    assert [suspect.column for suspect in found] == ["code", "score", "closed"]
    assert "whether it is missing" in found[2].why


def test_a_target_computed_from_two_columns_is_noticed(tmp_path):
    a, b = ([DICE.randint(0, 90) for _ in range(500)] for _ in range(2))
    noise = [DICE.random() for _ in a]
    one = seen(tmp_path, a=a, noise=noise, b=b, total=[x + y for x, y in zip(a, b, strict=True)])
    found = leakage(one, choose_target(one, "total"), ["a", "noise", "b"])
    assert [(suspect.column, suspect.why) for suspect in found] == [
        ("a", "'total' is a + b"),
        ("b", "'total' is a + b"),
    ]


def test_pure_noise_is_no_suspect(tmp_path):
    columns = {f"x{n}": [DICE.randint(0, 30) for _ in range(300)] for n in range(20)}
    one = seen(tmp_path, **columns, target=[DICE.choice("ab") for _ in range(300)])
    assert leakage(one, choose_target(one), list(columns)) == []


def test_a_date_that_is_never_before_another_is_a_suspect(tmp_path):
    early = [f"2020-{DICE.randint(1, 6):02}-{DICE.randint(1, 28):02}" for _ in range(100)]
    late = [f"{DICE.randint(1, 28):02}/{DICE.randint(7, 12):02}/2020" for _ in range(100)]
    one = seen(tmp_path, opened=early, closed=late)
    found = later_dates(one, {"opened": "%Y-%m-%d", "closed": "%d/%m/%Y"})
    assert [suspect.column for suspect in found] == ["closed"]
