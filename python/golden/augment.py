"""Records what Pillow, OpenCV's documented kernels (through scipy) and colorsys compute for the augmentations:
tests/golden/augment.json.

usage: augment.py OUT_FILE        (make golden; needs Pillow, numpy, scipy)
"""
import colorsys
import io
import json
import sys

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage


def picture(h, w):
    """Smooth and sharp parts, 8-bit levels: the test makes the same from the formula."""
    y, x = np.mgrid[0:h, 0:w]
    r = (x * 9 + y * 4) % 256
    g = np.where((x // 5 + y // 3) % 2 == 0, 200, 60)
    b = (y * 11) % 256
    return np.stack([r, g, b], -1).astype(np.uint8)


def jpeg(p, quality, halved):
    out = io.BytesIO()
    Image.fromarray(p).save(out, "JPEG", quality=quality, subsampling=2 if halved else 0)
    return np.asarray(Image.open(io.BytesIO(out.getvalue())))


def main():
    p = picture(24, 32)
    smooth = np.clip(ndimage.gaussian_filter(p.astype(float), (2, 2, 0)), 0, 255).round().astype(np.uint8)
    golden = {
        "smooth": smooth.tolist(),
        "jpeg_75": jpeg(smooth, 75, False).tolist(),
        "jpeg_30_halved": jpeg(smooth, 30, True).tolist(),
        "sharpen": np.asarray(Image.fromarray(p).filter(ImageFilter.SHARPEN)).tolist(),
        "box_2": ndimage.uniform_filter(p.astype(float), (5, 5, 1), mode="nearest").tolist(),
        "gaussian_2": ndimage.gaussian_filter(p.astype(float), (2, 2, 0), mode="nearest").tolist(),
        "hsv": [colorsys.rgb_to_hsv(*c) for c in p[5] / 255.0],
    }
    with open(sys.argv[1], "w") as file:
        json.dump(golden, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
