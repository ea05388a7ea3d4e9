"""A sheet of pictures: well-formed SVG with a PNG of all images inside."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from slipway.pictures.mistakes import mistakes_sheet
from slipway.pictures.samples import sheet


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_stands_in_its_place_scaled_by_its_row(channels):
    images = np.zeros((2, 3, channels, 4, 5))
    images[0, 1] = 1.0
    images[1, 2] = -7.0
    drawn = sheet(images, ["as it is", "augmented"])
    ET.fromstring(drawn)
    assert "as it is" in drawn
    png = base64.b64decode(re.search(r"base64,([^\"]+)", drawn)[1])
    pixels = np.array(Image.open(io.BytesIO(png)))
    assert pixels.shape[:2] == (8, 15)
    assert (pixels[:4, 5:10] == 255).all()
    assert (pixels[:4, :5] == 0).all()
    assert (pixels[4:, 10:] == 0).all()
    assert (pixels[4:, :10] == 255).all()


def test_mistakes_stand_in_a_grid_with_their_escaped_classes_and_large_ones_are_made_smaller():
    images = np.full((7, 200, 100, 3), 16, dtype=np.uint8)
    drawn = mistakes_sheet(images, [("<b>\x07", "a name of many letters")] * 7, max_value=16)
    root = ET.fromstring(drawn)
    places = [(float(each.get("x")), float(each.get("y"))) for each in root if each.tag.endswith("image")]
    assert len(set(places)) == 7
    assert len({y for _, y in places}) == 2
    assert {each.text for each in root if each.tag.endswith("text")} == {"true <b> ", "given a name of many…"}
    png = base64.b64decode(re.search(r"base64,([^\"]+)", drawn)[1])
    pixels = np.array(Image.open(io.BytesIO(png)))
    assert pixels.shape == (64, 32, 3)
    assert (pixels == 255).all()
