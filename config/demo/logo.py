"""A logo for an entity of the demo, drawn here: a bridge over water, and the name."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

_BLUE, _WATER, _INK = (28, 84, 148), (120, 176, 214), (31, 41, 55)
_HEIGHT, _NAME = 200, 84


def draw(name: str) -> bytes:
    """Return a PNG on a clear ground."""
    font = ImageFont.load_default(_NAME)
    left = _HEIGHT + 40
    width = left + int(font.getlength(name)) + 10
    picture = Image.new("RGBA", (width, _HEIGHT), (255, 255, 255, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, _HEIGHT - 1, _HEIGHT - 1), 36, fill=_BLUE)
    pen.arc((30, 60, 170, 220), 180, 360, fill="white", width=14)
    pen.rectangle((22, 96, 178, 110), fill="white")
    for across in (60, 100, 140):
        pen.line((across, 70, across, 100), fill="white", width=8)
    pen.rectangle((30, 150, 170, 160), fill=_WATER)
    pen.text((left, _HEIGHT // 2), name, font=font, fill=_INK, anchor="lm")
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
