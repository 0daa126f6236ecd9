"""Golden values for the affinity methods: tests/golden/affinity.json.

usage: affinity.py [OUTPUT]      needs numpy, scipy, pymatting 1.1.16

For each method, PyMatting's Laplacian with the known pixels eliminated and solved directly ("split", what hairline
solves), and PyMatting's own estimate with soft constraints ("soft"). Alphas are of the unknown pixels, row by row.
"""
import json
import pathlib
import sys

import numpy as np
import pymatting
import scipy.sparse
import scipy.sparse.linalg


def scene(height, width, seed):
    """A disc with a soft edge before another colour, both slowly varying, with noise; 16 bits so that no two pixels tie."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    y, x = y / height, x / width
    alpha = np.clip((0.34 - np.hypot(x - 0.5, y - 0.45)) / 0.15 + 0.5, 0, 1)
    warm = np.stack([0.8 + 0.1 * np.sin(5 * x), 0.5 + 0.15 * np.cos(4 * y), 0.2 + 0.1 * x], -1)
    cold = np.stack([0.2 + 0.1 * y, 0.35 + 0.1 * np.sin(3 * x), 0.6 + 0.2 * np.cos(4 * y)], -1)
    image = alpha[..., None] * warm + (1 - alpha[..., None]) * cold + rng.normal(0, 0.015, (height, width, 3))
    trimap = np.where(alpha < 0.05, 0, np.where(alpha > 0.95, 255, 128))
    return np.rint(np.clip(image, 0, 1) * 65535).astype(int), trimap


def operator_matrix(operator, size):
    """The matrix of a linear operator, column by column."""
    return scipy.sparse.csc_matrix(np.stack([operator(column) for column in np.eye(size)], axis=1))


def split(laplacian, trimap):
    foreground, _, _, unknown = pymatting.trimap_split(trimap)
    laplacian = laplacian.tocsr()
    rhs = -laplacian[unknown][:, foreground].sum(axis=1)
    return np.clip(scipy.sparse.linalg.spsolve(laplacian[unknown][:, unknown].tocsc(), rhs), 0, 1)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    output = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "tests/golden/affinity.json"
    height, width = 24, 28
    image, trimap = scene(height, width, 7)
    i, t = image / 65535, trimap / 255
    unknown = pymatting.trimap_split(t)[3]
    lkm = operator_matrix(pymatting.lkm_laplacian(i, radius=3, return_diagonal=False), height * width)
    methods = {
        "knn": (pymatting.knn_laplacian(i), pymatting.estimate_alpha_knn(i, t)),
        "knn_soft_kernel": (
            pymatting.knn_laplacian(i, kernel="soft"),
            pymatting.estimate_alpha_knn(i, t, laplacian_kwargs={"kernel": "soft"}),
        ),
        "learning_based": (pymatting.lbdm_laplacian(i), pymatting.estimate_alpha_lbdm(i, t)),
        "learning_based_radius_2": (
            pymatting.lbdm_laplacian(i, epsilon=1e-4, radius=2),
            pymatting.estimate_alpha_lbdm(i, t, laplacian_kwargs={"epsilon": 1e-4, "radius": 2}),
        ),
        "random_walk": (pymatting.rw_laplacian(i), pymatting.estimate_alpha_rw(i, t)),
        "large_kernel_radius_3": (lkm, pymatting.estimate_alpha_lkm(i, t, laplacian_kwargs={"radius": 3})),
        "closed_form": (pymatting.cf_laplacian(i), None),
    }
    record = {
        "pymatting": pymatting.__version__ if hasattr(pymatting, "__version__") else "1.1.16",
        "height": height,
        "width": width,
        "image": image.ravel().tolist(),
        "trimap": trimap.ravel().tolist(),
        "methods": {},
    }
    for name, (laplacian, soft) in methods.items():
        values = {"split": [round(float(v), 9) for v in split(laplacian, t)]}
        if soft is not None:
            values["soft"] = [round(float(v), 6) for v in soft.ravel()[unknown]]
        record["methods"][name] = values
    output.write_text(json.dumps(record, separators=(",", ":")) + "\n")
    print(f"{output}: {output.stat().st_size} bytes, {int(unknown.sum())} unknown pixels")


if __name__ == "__main__":
    main()
