"""Two simple answers to a captured background, for comparison, on a folder made by plate_set.py.

    plate_rivals.py FOLDER [--tune FOLDER]

1. A tuned difference key: alpha = smoothstep of the blurred colour difference; blur and both ends are chosen for the least
   mean error over the --tune folder (default: the folder itself, which favours the key).
2. Difference trimap + PyMatting's closed form: thresholds of the same difference, opened and closed, an unknown band of
   a few pixels; thresholds and band chosen on every fourth picture of the tuning folder with a plain ramp as the alpha.
Prints the mean squared error of every picture and the means.
"""
import argparse
import glob
import itertools

import numpy as np
from PIL import Image
from scipy import ndimage as ndi


def load(folder):
    out = []
    for f in sorted(glob.glob(folder + "/*_img.png")):
        rd = lambda n: np.asarray(Image.open(f.replace("_img", "_" + n)), np.float64) / 255
        out.append((f, rd("img"), rd("back"), rd("alpha")))
    return out


def distance(img, back, blur):
    d = np.abs(img - back)
    return np.sqrt((ndi.gaussian_filter(d, (blur, blur, 0)) ** 2).sum(-1)) if blur else np.sqrt((d ** 2).sum(-1))


def key(d, lo, hi):
    t = np.clip((d - lo) / (hi - lo), 0, 1)
    return t * t * (3 - 2 * t)


def trimap(d, lo, hi, inner, outer):
    fg = ndi.binary_closing(d > hi, iterations=3)
    fg = ndi.binary_fill_holes(ndi.binary_opening(fg, iterations=2))
    bg = ~ndi.binary_dilation(d > lo, iterations=outer)
    fg = ndi.binary_erosion(fg, iterations=inner)
    t = np.full(d.shape, 0.5)
    t[fg] = 1
    t[bg & ~fg] = 0
    return t


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folder")
    ap.add_argument("--tune")
    o = ap.parse_args()
    from pymatting import estimate_alpha_cf

    test = load(o.folder)
    tune = load(o.tune)[::2] if o.tune else test[::2]
    best = None
    for blur in (0.7, 1.5, 3):
        ds = [(distance(i, b, blur), a) for _, i, b, a in tune]
        for lo, hi in itertools.product((0.01, 0.02, 0.03, 0.05, 0.08), (0.04, 0.07, 0.1, 0.15, 0.25)):
            if hi <= lo:
                continue
            e = np.mean([((key(d, lo, hi) - a) ** 2).mean() for d, a in ds])
            if best is None or e < best[0]:
                best = (e, blur, lo, hi)
    print("key: blur %.1f from %.2f to %.2f" % best[1:])
    few = tune[::2]
    best_t = None
    for blur in (1.5, 3):
        ds = [(distance(i, b, blur), a) for _, i, b, a in few]
        for lo, hi, inner, outer in itertools.product((0.03, 0.05, 0.08), (0.07, 0.1, 0.15), (3, 6), (1, 4)):
            if hi <= lo:
                continue
            e = []
            for d, a in ds:
                t = trimap(d, lo, hi, inner, outer)
                e.append((np.where(t == 0.5, 0, (t - a) ** 2)).mean() + 0.02 * (t == 0.5).mean())
            if best_t is None or np.mean(e) < best_t[0]:
                best_t = (np.mean(e), blur, lo, hi, inner, outer)
    print("trimap:", best_t[1:])
    ke, te = [], []
    for f, i, b, a in test:
        ke.append(((key(distance(i, b, best[1]), *best[2:]) - a) ** 2).mean())
        t = trimap(distance(i, b, best_t[1]), *best_t[2:])
        try:
            x = estimate_alpha_cf(i, t, laplacian_kwargs={"epsilon": 1e-5}, cg_kwargs={"maxiter": 3000, "rtol": 1e-5})
        except ValueError:
            x = t
        te.append(((x - a) ** 2).mean())
        print(f, "key %.5f closed form %.5f" % (ke[-1], te[-1]), flush=True)
    print("mean key %.5f closed form %.5f  median key %.5f closed form %.5f" % (np.mean(ke), np.mean(te), np.median(ke), np.median(te)))


if __name__ == "__main__":
    main()
