"""Writes tests/golden/metrics.json: metric values of small made-up cases, from an implementation of its own.

usage: python python/golden/metrics.py [OUT]      (NumPy and SciPy only)

Written from the definitions in docs/metrics.md with dense 2-D filters and SciPy's labelling, so that it shares neither
code nor method with include/hairline/metrics. The cases are made by whole-number arithmetic, which tests/metrics/
golden_test.cpp repeats, so the file holds results alone.
"""
import json
import pathlib
import sys

import numpy as np
from scipy import ndimage

SIZES = [(1, 1), (1, 9), (11, 1), (5, 7), (24, 31), (40, 65), (97, 83)]
KINDS = ["noise", "smooth", "unpasted", "glass", "islands"]


def mixed(y, x, seed):
    """32 well-mixed bits for each pixel."""
    h = (np.asarray(x, np.uint64) * 374761393 + np.asarray(y, np.uint64) * 668265263 + seed * 2246822519) % 2**32
    h = ((h ^ (h >> np.uint64(13))) * 1274126177) % 2**32
    return h ^ (h >> np.uint64(16))


def smooth(h, w, seed, step=8):
    """Noise on a lattice, interpolated in whole numbers: 0..255."""
    y, x = np.mgrid[0:h, 0:w].astype(np.int64)
    cy, cx, fy, fx = y // step, x // step, y % step, x % step
    at = lambda dy, dx: (mixed(cy + dy, cx + dx, seed) & np.uint64(255)).astype(np.int64)
    top = at(0, 0) * (step - fx) + at(0, 1) * fx
    bottom = at(1, 0) * (step - fx) + at(1, 1) * fx
    return (top * (step - fy) + bottom * fy) // (step * step)


def case(kind, h, w, seed):
    """prediction, truth, trimap as whole numbers 0..255."""
    y, x = np.mgrid[0:h, 0:w]
    bits = mixed(y, x, seed + 1000).astype(np.int64)
    if kind == "noise":
        truth = bits % 256
    elif kind == "glass":
        truth = smooth(h, w, seed) * 3 // 5  # never above 153: no pixel reaches the higher thresholds
    elif kind == "islands":
        truth = np.where(smooth(h, w, seed, 4) > 128, 204, 0)
    else:
        truth = np.clip((smooth(h, w, seed) - 96) * 4, 0, 255)
    prediction = np.clip(truth + bits // 256 % 41 - 20, 0, 255)
    trimap = np.where(truth == 0, 0, np.where(truth == 255, 255, 128))
    trimap = np.where(bits // 65536 % 7 == 0, 128, trimap)
    if kind in ("noise", "glass", "islands"):
        trimap = np.where(bits // 65536 % 5 < 2, trimap, 128)
    if kind != "unpasted":
        prediction = np.where(trimap == 128, prediction, trimap)
        truth = np.where(trimap == 128, truth, trimap)
    return prediction, truth, trimap


def amplitude(m, stretch, scipy_filter, full):
    m = m.astype(np.float64) / full
    if stretch and m.max() > m.min():
        m = (m - m.min()) / (m.max() - m.min())
    if scipy_filter:
        gy = ndimage.gaussian_filter(m, 1.4, order=(1, 0))
        gx = ndimage.gaussian_filter(m, 1.4, order=(0, 1))
    else:
        s = 1.4
        k = np.arange(-4, 5)
        g = np.exp(-(k**2) / (2 * s**2)) / (s * np.sqrt(2 * np.pi))
        hx = np.outer(g, -k * g / s**2)
        hx /= np.sqrt((hx**2).sum())
        gx = ndimage.convolve(m, hx, mode="nearest")
        gy = ndimage.convolve(m, hx.T, mode="nearest")
    return np.hypot(gx, gy)


def gradient(p, a, stretch=True, scipy_filter=False, full=255):
    return (amplitude(p, stretch, scipy_filter, full) - amplitude(a, stretch, scipy_filter, full)) ** 2


def connectivity(p, a, skip=False, floating=False, by_columns=True, background=False, full=255):
    level = np.full(p.shape, -1.0)
    steps = np.arange(0, 1.1, 0.1)
    for i in range(1, 11):
        if floating:
            both = (p / full >= steps[i]) & (a / full >= steps[i])
        else:
            both = (10 * p >= full * i) & (10 * a >= full * i)
        labels, count = ndimage.label(both.T if by_columns else both)  # 4-connectivity
        labels = labels.T if by_columns else labels
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        if background:
            largest = labels == np.argmax(sizes)
        elif count == 0:
            if skip:
                continue
            largest = np.zeros(p.shape, bool)
        else:
            largest = labels == 1 + np.argmax(sizes[1:])
        level[(level == -1) & ~largest] = (i - 1) / 10
    level[level == -1] = 1
    phi = lambda v: 1 - (v / full - level) * (v / full - level >= 0.15)
    return np.abs(phi(p) - phi(a))


def stretched(m):
    lo, hi = m.min(), m.max()
    return (m - lo) / (hi - lo) if hi > lo else m * 0.0


def number(v):
    return None if v is None or not np.isfinite(v) else float(v)


def published(p, a, t):
    """What each preset's program prints."""
    unknown, everything = t == 128, np.ones(t.shape, bool)
    n, size = int(unknown.sum()), t.size
    pasted = np.where(t == 0, 0, np.where(t == 255, 255, p))
    sad = lambda p, a, r: (np.abs(p - a) / 255)[r].sum()
    sq = lambda p, a, r: (((p - a) / 255) ** 2)[r].sum()
    of = lambda m, r: m[r].sum()
    out = {}
    if n:
        out["composition1k"] = {
            "sad": sad(p, a, unknown) / 1000, "mse": sq(p, a, unknown) / n,
            "gradient": of(gradient(p, a), unknown) / 1000, "connectivity": of(connectivity(p, a), unknown) / 1000}
        out["gca_python"] = {
            "sad": sad(p, a, unknown) / 1000, "mse": sq(p, a, unknown) / (n + 1e-8),
            "gradient": of(gradient(p, a, False), unknown) / 1000,
            "connectivity": of(connectivity(p, a, floating=True, by_columns=False, background=True), unknown) / 1000}
        out["indexnet"] = dict(out["composition1k"], connectivity=of(connectivity(p, a, skip=True), unknown) / 1000)
        ps, as_ = stretched(p), stretched(a)
        out["indexnet_python"] = {
            "sad": np.abs(ps - as_)[unknown].sum() / 1000, "mse": ((ps - as_) ** 2)[unknown].sum() / n,
            "gradient": of(gradient(ps, as_, False, True, full=1), unknown) / 10,
            "connectivity": of(connectivity(ps, as_, True, True, False, full=1), unknown) / 1000}
        out["deep_image_matting_pytorch"] = {"sad": sad(pasted, a, everything), "mse": sq(pasted, a, everything) / n}
        if np.array_equal(pasted, p):
            out["mmagic"] = {
                "sad": sad(p, a, everything) / 1000, "mse": sq(p, a, everything) / n,
                "gradient": of(gradient(p, a), unknown) / 1000,
                "connectivity": of(connectivity(p, a, floating=True, by_columns=False), unknown) / 1000}
    between = n or int(((t != 0) & (t != 255)).sum())
    if between:
        out["gfm"] = {
            "sad": sad(pasted, a, everything) / 1000, "mse": sq(pasted, a, everything) / between,
            "mad": sad(pasted, a, everything) / between,
            "gradient": gradient(p, a, False, True).sum() / 10,
            "connectivity": connectivity(p, a, True, True, False).sum() / 1000}
    h, w = t.shape[0] // 4 * 4, t.shape[1] // 4 * 4
    if h and w and (t[:h, :w] == 128).any():
        pc, ac, uc = p[:h, :w], a[:h, :w], unknown[:h, :w]
        out["bgmv2"] = {
            "sad": sad(pc, ac, uc) / 1000, "mse": sq(pc, ac, uc) / uc.sum() * 1000,
            "gradient": of(gradient(pc, ac), uc), "connectivity": of(connectivity(pc, ac), uc)}
    out["rvm_lr"] = {
        "mad": sad(p, a, everything) / size * 1000, "mse": sq(p, a, everything) / size * 1000,
        "gradient": gradient(p, a).sum() / 1000, "connectivity": connectivity(p, a, by_columns=False).sum() / 1000}
    out["rvm_hr"] = {"mad": out["rvm_lr"]["mad"], "mse": out["rvm_lr"]["mse"],
                     "gradient": gradient(p, a, False).sum() / 1000}
    return {k: {m: number(v) for m, v in sorted(d.items())} for k, d in sorted(out.items())}


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                       pathlib.Path(__file__).parents[2] / "tests/golden/metrics.json")
    cases = []
    for kind in KINDS:
        for number_, (h, w) in enumerate(SIZES):
            seed = 17 * number_ + len(kind)
            p, a, t = case(kind, h, w, seed)
            q, b, _ = case(kind, h, w, seed + 500)  # the next frame
            d = ((q - p) - (b - a)) / 255
            cases.append({
                "kind": kind, "height": h, "width": w, "seed": seed, "sums": [int(p.sum()), int(a.sum()), int(t.sum())],
                "unknown": int((t == 128).sum()), "published": published(p, a, t),
                "dtssd_rvm": 100 * float(np.sqrt((d**2).mean())),
                "dtssd_tcvom": float(np.sqrt((d[(t > 0) & (t < 255)] ** 2).sum()))})
    lines = ",\n".join(json.dumps(c) for c in cases)
    # Both sides sum in double; the orders of summation differ, so the last digits do.
    out.write_text('{"made_by": "python/golden/metrics.py", "relative_tolerance": 1e-9, "absolute_tolerance": 1e-12,\n'
                   f'"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
