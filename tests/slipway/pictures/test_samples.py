"""A sheet of pictures: well-formed SVG with a PNG of all images inside."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

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
