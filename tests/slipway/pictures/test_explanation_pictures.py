"""Pictures of explanations hold what they say, whatever texts the data holds, and are small."""

import xml.etree.ElementTree as ET

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.judging.explanations import Explained
from slipway.pictures.explanations import draw_explanations, heading
from slipway.pictures.heat import AGAINST, FOR, Tile, heat_sheet
from slipway.pictures.words import MAX_WORDS, Paragraph, coloured_words


def example(**more: object) -> dict:
    evidence = {"baseline": 0.0, "row": 2.0, "gap": 0.0}
    return {
        "_id": 1,
        "kind": "mistake",
        "target": "no",
        "prediction": "yes",
        "explained": "yes",
        "probability": 0.88,
        "evidence": evidence,
        **more,
    }


def facts(*examples: dict, columns: int = 2, **more: object) -> dict:
    importance = [
        {"column": f"col<{place}>", "drop": {"value": 0.5 / (1 + place), "low": 0.2 - place, "high": 1.0}}
        for place in range(columns)
    ]
    return {
        "importance": importance,
        "metric": "log_loss",
        "baseline": "an average row",
        "examples": [*examples],
        **more,
    }


def texts(svg: str) -> str:
    return " ".join(
        "".join(element.itertext()) for element in ET.fromstring(svg).iter() if element.tag.endswith("text")
    )


def test_columns_are_bars_in_order_and_those_within_chance_are_grey() -> None:
    picture = draw_explanations(Explained(facts()))["importance"]
    assert texts(picture).index("col<0>") < texts(picture).index("col<1>")
    assert "may be chance" in texts(picture)
    assert "#999" in picture
    assert FOR in picture


def test_of_many_columns_the_first_are_drawn_and_the_title_says_so() -> None:
    picture = draw_explanations(Explained(facts(columns=60)))["importance"]
    assert "(20 of 60 columns)" in texts(picture)
    assert "col<20>" not in texts(picture)


def test_rows_are_bars_of_columns_with_values_and_the_rest_is_one_bar() -> None:
    parts = [{"column": f"c{place}", "value": "x & y", "evidence": 1.0 - place / 5} for place in range(12)]
    picture = draw_explanations(Explained(facts(example(attributions=parts))))["explained"]
    told = texts(picture)
    assert "c0 = x & y" in told
    assert "4 others" in told
    assert "Mistake: yes (88 %)" in told
    assert "true: no · for an average row: 50 %" in told
    assert FOR in picture
    assert AGAINST in picture


def test_a_value_is_told_without_a_share() -> None:
    one = example(prediction=12.5, target=10.0)
    del one["explained"]
    assert heading(one, facts()) == ["Mistake: 12.5", "true: 10 · for an average row: 0"]


def test_texts_are_coloured_words() -> None:
    parts = [{"word": "good", "evidence": 2.0}, {"word": "<b>", "evidence": -1.0}, {"word": "the", "evidence": 0.0}]
    picture = draw_explanations(Explained(facts(example(attributions=parts), columns=0)))
    assert list(picture) == ["explained"]
    assert "good <b> the" in texts(picture["explained"])
    assert picture["explained"].count("<rect") == 2


def test_images_are_drawn_with_their_heat() -> None:
    heat = np.zeros((8, 8))
    heat[0, 0], heat[7, 7] = 1.0, -1.0
    made = Explained(facts(example()), [(np.full((8, 8, 1), 0.5), heat)], (np.zeros((8, 8, 3)), heat))
    pictures = draw_explanations(made)
    assert list(pictures) == ["importance", "explained"]
    assert pictures["explained"].count("<image") == 2
    assert "rises when this part" in texts(pictures["importance"])


def test_nothing_to_tell_draws_nothing() -> None:
    assert draw_explanations(Explained(facts({"_id": 4}, columns=0))) == {}


def test_a_large_image_stays_small_and_no_heat_at_all_is_drawn_too() -> None:
    picture = heat_sheet([Tile(np.zeros((640, 480, 3)), np.zeros((640, 480)), ["one"])], "key")
    assert len(picture) < 20_000
    ET.fromstring(picture)


@given(st.lists(st.tuples(st.text(max_size=200), st.floats(-1e3, 1e3)), max_size=2 * MAX_WORDS), st.text(max_size=50))
@settings(max_examples=30)
def test_any_text_is_a_picture(words: list[tuple[str, float]], title: str) -> None:
    ET.fromstring(coloured_words([Paragraph(title, words)], "key"))
