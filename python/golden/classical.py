#!/usr/bin/env python3
"""Records golden values for closed-form matting in tests/golden/closed_form.json.

The Laplacian comes from PyMatting, the systems are solved directly by SciPy, so neither shares code nor method with
hairline. Picture and trimap are made here and travel in the file as hexadecimal bytes.

    python python/golden/classical.py          # needs pymatting, numpy, scipy
"""
import json
import pathlib

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg as linalg
from pymatting import cf_laplacian

HEIGHT, WIDTH = 30, 38


def scene():
    """A soft, striped disc between two colour gradients, with noise; 8 bits."""
    random = np.random.default_rng(20)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    radius = np.hypot(x - 18.3, y - 14.1)
    alpha = np.clip((11 - radius) / 5, 0, 1) * (0.8 + 0.2 * np.sin(1.3 * x + 0.7 * y))
    fore = np.stack([0.7 + 0.2 * np.sin(x / 5), 0.3 + 0.01 * y, 0.2 + 0 * x], axis=-1)
    back = np.stack([0.2 + 0.005 * x, 0.5 + 0.2 * np.cos(y / 6), 0.7 - 0.01 * x], axis=-1)
    image = alpha[..., None] * fore + (1 - alpha[..., None]) * back + random.normal(0, 0.01, (HEIGHT, WIDTH, 3))
    image = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    trimap = np.where(radius < 4, 255, np.where(radius > 13, 0, 128)).astype(np.uint8)
    trimap[2, 2] = 128  # an unknown pixel on its own, at the border of the windows
    trimap[14, 18] = 128  # and one within the foreground
    return image, trimap


def split(laplacian, unknown, foreground):
    lower = laplacian[unknown]
    right = -lower[:, ~unknown] @ foreground[~unknown].astype(float)
    alpha = foreground.astype(float)
    alpha[unknown] = linalg.spsolve(lower[:, unknown].tocsc(), right)
    return alpha


def main():
    image, trimap = scene()
    unknown = (trimap == 128).ravel()
    foreground = (trimap == 255).ravel()
    cases = []
    for radius, epsilon in ((1, 1e-7), (1, 1e-4), (2, 1e-5)):
        laplacian = cf_laplacian(image / 255.0, epsilon=epsilon, radius=radius).tocsr()
        laplacian.sum_duplicates()
        alpha = split(laplacian, unknown, foreground)
        cases.append({"scheme": "split", "radius": radius, "epsilon": epsilon, "alpha": np.clip(alpha, 0, 1)})
        confidence = np.where(unknown, 0.02, 5.0)
        prior = np.where(unknown, 0.3, foreground.astype(float))
        system = laplacian + sparse.diags(confidence)
        alpha = linalg.spsolve(system.tocsc(), confidence * prior)
        cases.append({"scheme": "prior", "radius": radius, "epsilon": epsilon, "alpha": np.clip(alpha, 0, 1)})
    for case in cases:
        case["alpha"] = [round(float(v), 7) for v in case["alpha"]]
    record = {
        "height": HEIGHT,
        "width": WIDTH,
        "image": image.tobytes().hex(),
        "trimap": trimap.tobytes().hex(),
        "prior_unknown": 0.3,
        "confidence_unknown": 0.02,
        "confidence_known": 5.0,
        "cases": cases,
    }
    path = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "closed_form.json"
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
