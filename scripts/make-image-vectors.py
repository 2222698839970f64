#!/usr/bin/env python3
"""Writes test/vectors/images.json: small image files and the pixels that Pillow and torchvision make of them.

    python3 scripts/make-image-vectors.py     # needs torch, torchvision, Pillow and numpy
"""

import base64
import io
import json
import pathlib

import numpy
import torch
from PIL import Image, ImageOps
from torchvision.transforms import v2

SIDE = 24
ROOT = pathlib.Path(__file__).resolve().parent.parent


def picture(height, width):
    """Smooth colours with some edges: neither flat nor noise."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.float64)
    red = 127 + 120 * numpy.sin(x / 3.1 + y / 7.7)
    green = 127 + 120 * numpy.cos(y / 4.3 - x / 11.0)
    blue = numpy.where((x // 5 + y // 4) % 2 == 0, 230, 20)
    return numpy.stack([red, green, blue], -1).round().astype(numpy.uint8)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def as_rgb(file):
    return numpy.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(file))).convert("RGB"))


def decoded():
    """File, and its pixels in RGB: Pillow's, except for 16 bits, which Pillow cuts instead of scaling."""
    rgb = Image.fromarray(picture(SIDE, SIDE))
    grey = rgb.convert("L")
    for name, subsampling in ("444", 0), ("422", 1), ("420", 2):
        yield f"jpeg {name}", saved(rgb, format="JPEG", subsampling=subsampling, quality=85)
    yield "jpeg progressive", saved(rgb, format="JPEG", progressive=True, quality=85)
    yield "jpeg grey", saved(grey, format="JPEG", quality=85)
    yield "jpeg cmyk", saved(rgb.convert("CMYK"), format="JPEG", quality=90)
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield f"jpeg orientation {orientation}", saved(rgb, format="JPEG", exif=exif, quality=80, subsampling=2)
    yield "png rgb", saved(rgb, format="PNG")
    yield "png grey", saved(grey, format="PNG")
    yield "png palette", saved(rgb.quantize(16), format="PNG")
    yield "png 1 bit", saved(grey.convert("1"), format="PNG")
    rgba = rgb.copy()
    rgba.putalpha(grey)
    yield "png rgba", saved(rgba, format="PNG")
    grey_alpha = grey.copy()
    grey_alpha.putalpha(rgb.getchannel("B"))
    yield "png grey alpha", saved(grey_alpha, format="PNG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "png orientation 6", saved(rgb, format="PNG", exif=exif)


def sixteen_bits():
    values = (numpy.arange(SIDE * SIDE, dtype=numpy.uint32) * 113 % 65536).astype(numpy.uint16).reshape(SIDE, SIDE)
    file = saved(Image.fromarray(values), format="PNG")
    return file, numpy.repeat((values / 257.0).round().astype(numpy.uint8)[..., None], 3, -1)


def resized():
    """Evaluation: the short side scaled, then the centre; sizes that shrink, grow and differ by side."""
    for height, width, resize, size in [(61, 47, 28, 24), (40, 90, 32, 32), (13, 17, 36, 32), (200, 151, 28, 24)]:
        pixels = picture(height, width)
        transform = v2.Compose([v2.Resize(resize, antialias=True), v2.CenterCrop(size)])
        out = transform(torch.from_numpy(pixels).permute(2, 0, 1)).permute(1, 2, 0)
        yield {
            "height": height,
            "width": width,
            "resize": resize,
            "size": size,
            "file": text(saved(Image.fromarray(pixels), format="PNG")),
            "pixels": text(out.contiguous().numpy().tobytes()),
        }


def main():
    files = [{"name": name, "file": text(file), "pixels": text(as_rgb(file).tobytes())} for name, file in decoded()]
    file, pixels = sixteen_bits()
    files.append({"name": "png 16 bits", "file": text(file), "pixels": text(pixels.tobytes())})
    vectors = {"side": SIDE, "decoded": files, "resized": list(resized())}
    (ROOT / "test" / "vectors" / "images.json").write_text(json.dumps(vectors, indent=1) + "\n")


if __name__ == "__main__":
    main()
