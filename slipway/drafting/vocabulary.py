"""General words by which columns are told apart: targets, identifiers, and what may be protected by law.

A name is cut into words (`native-country`, `nativeCountry` and `native_country` are the same two), so
that `age` does not match `mileage`. No word here stands for a particular data set.
"""

import re
import unicodedata
from collections.abc import Iterable

TARGETS = (
    ("target", "label", "labels", "class", "y", "ground truth", "outcome", "response", "dependent", "classification"),
    ("churn", "churned", "fraud", "default", "defaulted", "survived", "diagnosis", "approved", "converted", "clicked"),
    ("sentiment", "category", "species", "quality", "rating", "status", "price", "salary", "income", "cost", "sales"),
)

IDENTIFIERS = frozenset(
    [
        "id",
        "ids",
        "uuid",
        "guid",
        "key",
        "pk",
        "rowid",
        "index",
        "idx",
        "tid",
        "number",
        "no",
        "nr",
        "num",
        "code",
        "ref",
        "reference",
        "account",
        "serial",
        "ssn",
        "iban",
    ]
)
CODES = frozenset(["id", "ids", "uuid", "guid", "key", "code", "zip", "zipcode", "postcode", "postal", "plz"])
PERSONAL = frozenset(
    [
        "email",
        "mail",
        "e-mail",
        "phone",
        "telephone",
        "mobile",
        "tel",
        "fax",
        "passport",
        "surname",
        "lastname",
        "firstname",
        "fullname",
        "username",
        "login",
        "ip",
        "address",
        "street",
    ]
)

SENSITIVE: dict[str, frozenset[str]] = {
    "sex": frozenset(
        ["sex", "gender", "geschlecht", "sexe", "sexo", "genre", "genero", "genere", "kön", "geslacht", "plec"]
    ),
    "age": frozenset(
        [
            "age",
            "ages",
            "alter",
            "edad",
            "âge",
            "idade",
            "età",
            "leeftijd",
            "birth",
            "birthday",
            "birthdate",
            "dob",
            "geburtsdatum",
        ]
    ),
    "ethnicity": frozenset(
        [
            "race",
            "races",
            "ethnic",
            "ethnicity",
            "ethnie",
            "etnia",
            "raza",
            "rasse",
            "hautfarbe",
            "caste",
            "tribe",
        ]
    ),
    "origin": frozenset(
        [
            "nationality",
            "nation",
            "citizenship",
            "citizen",
            "nationalität",
            "nationalité",
            "nacionalidad",
            "native",
            "immigrant",
            "foreign",
        ]
    ),
    "religion": frozenset(["religion", "religious", "faith", "konfession", "religión", "religião", "church"]),
    "disability": frozenset(["disability", "disabled", "handicap", "behinderung", "discapacidad"]),
    "marital status": frozenset(["marital", "married", "familienstand", "civil", "spouse", "estado-civil"]),
    "health": frozenset(["pregnant", "pregnancy", "hiv"]),
    "orientation": frozenset(["orientation", "lgbt"]),
    "politics or union": frozenset(["party", "politics", "political", "union", "veteran"]),
}

SENSITIVE_VALUES: dict[str, frozenset[str]] = {
    "sex": frozenset(
        [
            "male",
            "female",
            "m",
            "f",
            "man",
            "woman",
            "men",
            "women",
            "boy",
            "girl",
            "männlich",
            "weiblich",
            "divers",
            "homme",
            "femme",
            "hombre",
            "mujer",
            "masculino",
            "femenino",
            "feminino",
            "maschio",
            "femmina",
            "other",
            "unknown",
            "diverse",
            "non-binary",
            "nonbinary",
            "w",
        ]
    ),
    "ethnicity": frozenset(
        [
            "white",
            "black",
            "asian",
            "hispanic",
            "latino",
            "caucasian",
            "african-american",
            "african",
            "american",
            "native-american",
            "indian",
            "pacific-islander",
            "asian-pac-islander",
            "amer-indian-eskimo",
            "mixed",
            "other",
            "arab",
            "roma",
        ]
    ),
    "religion": frozenset(
        [
            "christian",
            "muslim",
            "jewish",
            "hindu",
            "buddhist",
            "catholic",
            "protestant",
            "orthodox",
            "atheist",
            "sikh",
            "islam",
            "none",
            "other",
        ]
    ),
    "marital status": frozenset(
        [
            "married",
            "single",
            "divorced",
            "widowed",
            "separated",
            "never-married",
            "married-civ-spouse",
            "married-af-spouse",
            "married-spouse-absent",
            "unmarried",
            "cohabiting",
            "ledig",
            "verheiratet",
            "geschieden",
            "verwitwet",
            "casado",
            "soltero",
            "other",
        ]
    ),
}
# Values that alone prove nothing: a column of them and no telling one is not flagged.
VAGUE = frozenset(["other", "unknown", "none", "mixed", "m", "f", "w", "a", "black", "white", "indian", "single"])


def words(name: str) -> list[str]:
    """Cut a column's name into lower-case words.

    >>> words("nativeCountry"), words("PULocationID"), words("is_fraud?")
    (['native', 'country'], ['pu', 'location', 'id'], ['is', 'fraud'])
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", unicodedata.normalize("NFC", name))
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def sensitive_name(name: str) -> str | None:
    """Return what a column's name says about persons that may be protected, or None."""
    own = set(words(name))
    return next((what for what, known in SENSITIVE.items() if own & known), None)


def sensitive_values(values: Iterable[object]) -> str | None:
    """Return what a column's values say about persons that may be protected, or None.

    >>> sensitive_values(["Male", "Female"]), sensitive_values(["red", "black", "white"])
    ('sex', None)
    """
    own = {re.sub(r"\s+", "-", str(value).strip().lower()) for value in values}
    if own in ({"m", "f"}, {"m", "w"}, {"m", "f", "x"}, {"m", "w", "d"}):
        return "sex"
    if not 2 <= len(own) <= 20:
        return None
    for what, known in SENSITIVE_VALUES.items():
        if len(own & known) >= max(2, 0.6 * len(own)) and (own & known) - VAGUE:
            return what
    return None
