"""Simple answers to a captured background on the sets of default_model.py: how hard are these?

    plate_rivals.py HAIRLINE OUT.json --data FOLDER

key     difference key: alpha is a smooth step of the blurred colour difference between picture and plate
closed  difference trimap, then closed form (`hairline matte -m cf`): thresholds of the same difference, opened, closed and
        filled, with a band of unknown pixels

Blur, thresholds and band are chosen once, for the least mean error over every twenty-fourth picture of the sets themselves, which
favours them; the trimap's by its sure pixels, an unknown one counting 0.02. OUT.json gets mean squared errors of alpha in
thousandths.
"""
import argparse
import itertools
import json
import pathlib
import tempfile

import numpy as np
from scipy import ndimage

import default_model as sets

SETS = [f"hard {k}" for k in sets.KINDS] + [f"{g} {w}" for w in (400, 800) for g in ("animals", "doll and plant")]

KEYS = list(itertools.product((0.01, 0.02, 0.03, 0.05, 0.08), (0.04, 0.07, 0.1, 0.15, 0.25)))  # both ends
TRIMAPS = list(itertools.product((0.03, 0.05, 0.08), (0.07, 0.1, 0.15), (3, 6), (1, 4)))  # both ends, band inside and outside


def distance(picture, plate, blur):
    return np.sqrt((ndimage.gaussian_filter(np.abs(picture - plate), (blur, blur, 0)) ** 2).sum(-1))


def key(d, low, high):
    t = np.clip((d - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def trimap(d, low, high, inner, outer):
    near = ndimage.binary_opening(ndimage.binary_closing(d > high, iterations=3), iterations=2)
    sure = ndimage.binary_erosion(ndimage.binary_fill_holes(near), iterations=inner)
    none = ~ndimage.binary_dilation(d > low, iterations=outer)
    return np.where(sure, 1, np.where(none, 0, 0.5))


def trimap_error(d, alpha, *numbers):
    t = trimap(d, *numbers)
    return np.where(t == 0.5, 0.02, (t - alpha) ** 2).mean()


def best(pictures, blurs, grid, error):
    """(blur, ...) of the least mean error(difference, alpha, ...)."""
    found = []
    for blur in blurs:
        shown = [(distance(picture, plate, blur), alpha) for picture, plate, alpha in pictures]
        found += [(np.mean([error(d, a, *n) for d, a in shown]), blur, *n) for n in grid if n[0] < n[1]]
    return min(found)[1:]


def load(folder, name):
    return sets.read(folder / "picture" / name), sets.read(folder / "plate" / name), sets.read_alpha(folder / "alpha" / name)


def names(folder):
    return sorted(f.name for f in (folder / "alpha").glob("*.png"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hairline")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    given = parser.parse_args()
    command = sets.Command(given.hairline, None, [])
    with tempfile.TemporaryDirectory() as place:
        work = pathlib.Path(place)
        made = [*sets.hard(command, work, given.data), *sets.composites(command, work, given.data)]
        folders = {title: folder for title, folder in made if title in SETS}
        every = [load(folder, n) for folder in folders.values() for n in names(folder)[::24]]
        key_numbers = best(every, (0.7, 1.5, 3), KEYS, lambda d, a, *n: ((key(d, *n) - a) ** 2).mean())
        trimap_numbers = best(every, (1.5, 3), TRIMAPS, trimap_error)
        results = {"key: blur, ends": key_numbers, "trimap: blur, ends, band inside, outside": trimap_numbers}
        for title, folder in folders.items():
            errors = {"key": [], "closed": []}
            for n in names(folder):
                picture, plate, alpha = load(folder, n)
                of_key = key(distance(picture, plate, key_numbers[0]), *key_numbers[1:])
                closed = trimap(distance(picture, plate, trimap_numbers[0]), *trimap_numbers[1:])
                if {0, 1} <= set(np.unique(closed)):  # else there is nothing to go by, and the trimap is the answer
                    sets.write(folder / "trimap" / n, closed)
                    command.run("matte", "--quiet", "--force", folder / "picture" / n, work / "closed.png",
                                "--trimap", folder / "trimap" / n, "-m", "cf")
                    closed = sets.read_alpha(work / "closed.png")
                for name, found in (("key", of_key), ("closed", closed)):
                    errors[name].append(1e3 * ((found - alpha) ** 2).mean())
            results[title] = {k: round(float(np.mean(v)), 1) for k, v in errors.items()}
            print(f"{title:24} key {results[title]['key']:6.1f}  closed form {results[title]['closed']:6.1f}", flush=True)
    given.out.write_text(json.dumps({"unit of errors": "1e-3", **results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
