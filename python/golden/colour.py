"""Golden values for foreground estimation, the guided filter and shared matting: tests/golden/colour.json.

usage: colour.py [OUTPUT]      needs numpy, scipy, pymatting 1.1.16
"""
import json
import pathlib
import sys

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from pymatting import estimate_alpha_sm, estimate_foreground_cf, estimate_foreground_ml


def scene(height, width, seed):
    """A soft disc of one smooth colour field over another, 8 bits."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    y, x = y / height, x / width

    def field(low, high):
        a, b, c = rng.uniform(0, 2 * np.pi, (3, 3))
        wave = np.sin(a + 4 * x[..., None]) * np.cos(b + 3 * y[..., None]) + 0.3 * np.sin(c + 9 * (x + y)[..., None])
        return low + (high - low) * (wave + 1.3) / 2.6

    distance = np.hypot((x - 0.5) * 1.1, y - 0.45)
    alpha = np.clip((0.36 - distance) / 0.16 + 0.15 * np.sin(17 * x) * np.cos(13 * y), 0, 1)
    image = alpha[..., None] * field(0.5, 1.0) + (1 - alpha[..., None]) * field(0.0, 0.5)
    return np.rint(image * 255).astype(int), np.rint(alpha * 255).astype(int)


def closed_form_direct(image, alpha, regularization):
    """Levin's foreground and background by a sparse direct solve, from the definition, edge by edge."""
    h, w = alpha.shape
    n = h * w
    rows, cols, values = [], [], []

    def add(r, c, v):
        rows.append(r), cols.append(c), values.append(v)

    for y in range(h):
        for x in range(w):
            i, a = y * w + x, alpha[y, x]
            for r, c, v in ((i, i, a * a), (i, i + n, a * (1 - a)), (i + n, i, a * (1 - a)), (i + n, i + n, (1 - a) ** 2)):
                add(r, c, v)
            for yy, xx in ((y, x + 1), (y + 1, x)):
                if yy < h and xx < w:
                    j, weight = yy * w + xx, 2 * (regularization + abs(a - alpha[yy, xx]))  # each edge counts twice
                    for offset in (0, n):
                        p, q = i + offset, j + offset
                        add(p, p, weight), add(q, q, weight), add(p, q, -weight), add(q, p, -weight)
    system = scipy.sparse.csc_matrix((values, (rows, cols)), shape=(2 * n, 2 * n))
    flat, a = image.reshape(n, 3), alpha.reshape(n, 1)
    both = scipy.sparse.linalg.spsolve(system, np.vstack([a * flat, (1 - a) * flat]))
    both = np.clip(both, 0, 1).reshape(2, h, w, 3)
    return both[0], both[1]


def box_mean(values, radius):
    """Mean over the window's pixels inside the picture, by plain slices."""
    out = np.empty_like(values)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            window = values[max(y - radius, 0):y + radius + 1, max(x - radius, 0):x + radius + 1]
            out[y, x] = window.mean(axis=(0, 1))
    return out


def guided(guide, target, radius, epsilon):
    """He 2013 with a colour guide, target (h, w), through numpy's own linear solver."""
    mean_i, mean_p = box_mean(guide, radius), box_mean(target, radius)
    cov_ip = box_mean(guide * target[..., None], radius) - mean_i * mean_p[..., None]
    outer = guide[..., :, None] * guide[..., None, :]
    sigma = box_mean(outer, radius) - mean_i[..., :, None] * mean_i[..., None, :]
    a = np.linalg.solve(sigma + epsilon * np.eye(3), cov_ip[..., None])[..., 0]
    b = mean_p - (a * mean_i).sum(axis=-1)
    return (box_mean(a, radius) * guide).sum(axis=-1) + box_mean(b, radius)


def numbers(array, decimals=5):
    return [float(v) for v in np.round(np.asarray(array, float), decimals).ravel()]


def main():
    image8, alpha8 = scene(17, 22, 1)
    image, alpha = image8 / 255, alpha8 / 255
    ml_f, ml_b = estimate_foreground_ml(image, alpha, return_background=True)
    cf_f, cf_b = closed_form_direct(image, alpha, 1e-5)
    pm_f, pm_b = estimate_foreground_cf(image, alpha, rtol=1e-9, return_background=True)
    print("PyMatting's closed form against the direct solve:", abs(pm_f - cf_f).max(), abs(pm_b - cf_b).max())
    # Shared matting where none of our decided differences from PyMatting acts: gradients do not count (exponent 0), and
    # with 16 rays every pixel sees both classes. Confidences are switched off on our side.
    trimap8 = np.where(alpha8 <= 3, 0, np.where(alpha8 >= 252, 255, 128))
    trimap = np.where(trimap8 == 128, 0.5, trimap8 / 255)
    sm_a, sm_f, sm_b = estimate_alpha_sm(image, trimap, True, sample_gathering_angles=16,
                                         sample_gathering_weights=(3.0, 0.0, 1.0, 4.0))
    golden = {
        "made_by": "python/golden/colour.py",
        "height": 17,
        "width": 22,
        "image": image8.ravel().tolist(),
        "alpha": alpha8.ravel().tolist(),
        "multilevel": {"foreground": numbers(ml_f), "background": numbers(ml_b)},
        "closed_form": {"foreground": numbers(cf_f), "background": numbers(cf_b)},
        "shared": {
            "trimap": trimap8.ravel().tolist(),
            "rays": 16,
            "probability_exponent": 0,
            "alpha": numbers(sm_a),
            "foreground": numbers(sm_f),
            "background": numbers(sm_b),
        },
        "guided": {"radius": 2, "epsilon": 1e-4, "output": numbers(guided(image, alpha, 2, 1e-4), 7)},
    }
    here = pathlib.Path(__file__).resolve().parents[2]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "tests/golden/colour.json"
    out.write_text(json.dumps(golden) + "\n")
    print(out, out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
