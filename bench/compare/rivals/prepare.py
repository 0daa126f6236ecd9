"""Makes what a case needs in one folder: weights, pictures, each engine's model file, the reference results.

The weights are seeded (python/golden/seeded.py), except for the head that predicts the error: random weights give an error
that is noise, so that head mostly reads how much more green the picture has than its background. The pictures then decide
which cells are refined, with a margin that leaves no engine a choice:

  scattered   cells drawn over the whole picture, neighbours only by chance
  clustered   a band along the outline of a subject, as a trained network has it

usage: prepare.py CASE FOLDER       Does nothing if FOLDER was made by the same sources and versions.
"""
import argparse
import collections
import hashlib
import importlib.metadata
import json
import os
import pathlib
import shutil
import subprocess
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rivals.cases import CASES, MAPS, RIVALS  # noqa: E402

GREEN_LIFT = 90          # of 255, on the chosen cells
ERROR_PER_GREEN = 2.0    # so 0.7 there
ERROR_ELSEWHERE = 0.1
FEATURE_SHARE = 0.01     # of the seeded weights left in the error's head: ties are broken, the order of the map is not
LEAST_MARGIN = 0.03      # between the smallest error refined and the largest not refined


def stamp_of(case):
    root = pathlib.Path(__file__).resolve()
    sources = [root, root.with_name("patches.py"), root.with_name("cases.py"),
               *(root.parents[3] / "python" / "golden" / name for name in ("background_matting_v2.py", "seeded.py"))]
    digest = hashlib.sha256(b"".join(s.read_bytes() for s in sources)).hexdigest()
    versions = {p: importlib.metadata.version(p) for p in ("torch", "onnx", "openvino", "pnnx")}
    return json.dumps({"case": repr(case), "sources": digest, "versions": versions})


def seeded_state(net):
    import numpy as np
    import torch
    from seeded import tensor
    state = {k: torch.from_numpy(np.asarray(tensor(k, tuple(v.shape)))) for k, v in net.state_dict().items()}
    head, bias = state["decoder.conv4.weight"], state["decoder.conv4.bias"]
    features = head.shape[1] - 6             # then red, green, blue of the picture, and of the background
    head[4, :features] *= FEATURE_SHARE
    head[4, features:] = 0
    head[4, features + 1, 1, 1] = ERROR_PER_GREEN
    head[4, features + 4, 1, 1] = -ERROR_PER_GREEN
    bias[4] = ERROR_ELSEWHERE
    return state


def chosen_cells(case, kind):
    """Mask of the coarse pixels that the pictures make erroneous: as many as there are cells to refine."""
    import numpy as np
    from seeded import uniform
    height, width = case.small
    cells = case.sample_pixels // 16
    count = cells * height * width * 16 // (case.height * case.width)
    if kind == "scattered":
        order = np.argsort(uniform("cells", height * width), kind="stable")
    else:
        order = np.argsort(np.abs(outline(height, width)).ravel(), kind="stable")
    mask = np.zeros(height * width, bool)
    mask[order[:count]] = True
    return mask.reshape(height, width)


def outline(height, width):
    """Signed distance, about, to the outline of a subject with strands."""
    import numpy as np
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    dy, dx = (y - 0.55 * height) / height, (x - 0.5 * width) / height
    angle = np.arctan2(dy, dx)
    return np.hypot(dx, dy) - 0.3 * (1 + 0.06 * np.sin(7 * angle) + 0.03 * np.sin(31 * angle))


def pictures(case, kind):
    """Source and background, 8-bit RGB."""
    import numpy as np
    from seeded import uniform
    block = round(1 / case.scale)
    grow = lambda a: a.repeat(block, 0).repeat(block, 1)  # noqa: E731
    y, x = np.mgrid[0:case.height, 0:case.width].astype(np.float32) / case.height
    waves = np.stack([np.sin(9 * x + 4 * y), np.sin(7 * y - 3 * x), np.sin(5 * x * y + 2)], -1)
    noise = uniform("grain", case.height * case.width * 3).astype(np.float32).reshape(waves.shape)
    background = np.round(90 + 35 * waves + 16 * (noise - 0.5)).astype(np.uint8)
    source = background.copy()
    subject = grow(outline(*case.small) < 0)
    source[subject, 0] += 70
    source[subject, 2] -= 30
    source[grow(chosen_cells(case, kind)), 1] += GREEN_LIFT
    return source, background


def describe_cells(error, count):
    """How the refined cells lie; error is the map of the cells."""
    import numpy as np
    height, width = error.shape
    order = np.argsort(-error.ravel(), kind="stable")
    mask = np.zeros(error.size, bool)
    mask[order[:count]] = True
    mask = mask.reshape(height, width)
    padded = np.pad(mask, 1)
    neighbours = (padded[:-2, 1:-1].astype(int) + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])[mask]
    tiles = np.pad(mask, ((0, -height % 4), (0, -width % 4))).reshape(-(-height // 4), 4, -(-width // 4), 4).any((1, 3))
    left, components = {tuple(c) for c in np.argwhere(mask).tolist()}, 0
    while left:
        components += 1
        queue = collections.deque([left.pop()])
        while queue:
            i, j = queue.popleft()
            for cell in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if cell in left:
                    left.remove(cell)
                    queue.append(cell)
    values = error.ravel()[order]
    return mask, {
        "cells": int(count), "share_of_cells": count / error.size, "components": components,
        "without_refined_neighbour": float((neighbours == 0).mean()), "mean_refined_neighbours_of_4": float(neighbours.mean()),
        "tiles_of_4x4_cells_touched": int(tiles.sum()), "tiles_of_4x4_cells_at_least": -(-int(count) // 16),
        "smallest_error_refined": float(values[count - 1]), "largest_error_not_refined": float(values[count]),
    }


def export_ncnn(folder, base, small):
    """Converts the coarse network; what goes wrong is the rival's to report."""
    import torch
    torch.jit.trace(base, (small[0], small[1])).save(str(folder / "base.pt"))
    shape = "[" + ",".join(map(str, small[0].shape)) + "]"
    done = subprocess.run([str(pathlib.Path(sys.executable).with_name("pnnx")), "base.pt", f"inputshape={shape},{shape}", "fp16=0"],
                          cwd=folder, capture_output=True, text=True, timeout=500)
    if done.returncode or not (folder / "base.ncnn.param").exists():
        (folder / "base.ncnn.error").write_text(f"pnnx: exit code {done.returncode}: {(done.stdout + done.stderr)[-600:]}\n")
    for name in ("base.pt", "base.pnnx.onnx", "base.pnnx.bin", "base.pnnx.param", "base_pnnx.py", "base_ncnn.py"):
        (folder / name).unlink(missing_ok=True)


def export(folder, case, state, example):
    """Every engine's model file."""
    import openvino
    import torch
    from rivals.patches import BaseNetwork, PatchNetwork
    net = PatchNetwork(case.backbone, case.scale, case.sample_pixels)
    net.load_state_dict(state)
    net.eval()
    for gather in sorted({r.gather for r in RIVALS.values() if r.gather}):
        net.refiner.gather = gather
        torch.jit.trace(net, example, check_trace=False).save(str(folder / f"{gather}.ts"))
        torch.onnx.export(net, example, str(folder / f"{gather}.onnx"), input_names=["src", "bgr"], output_names=["pha", "fgr"],
                          opset_version=17, dynamo=False)
    base = BaseNetwork(case.backbone)
    base.load_state_dict({k: v for k, v in state.items() if not k.startswith("refiner.")})
    base.eval()
    small = tuple(net.small(x) for x in example)
    torch.onnx.export(base, small, str(folder / "base.onnx"), input_names=["src", "bgr"],
                      output_names=["pha", "residual", "err", "hid"], opset_version=17, dynamo=False)
    for name in {"base", *(r.gather for k, r in RIVALS.items() if k.startswith("openvino") and r.gather)}:
        openvino.save_model(openvino.convert_model(folder / f"{name}.onnx"), folder / f"{name}.xml", compress_to_fp16=False)
    export_ncnn(folder, base, small)
    return net


def record(folder, case, plain, net, kind):
    """Pictures and what the plain torch model makes of them."""
    import numpy as np
    import torch
    from PIL import Image
    planes = []
    for name, picture in zip(("src", "bgr"), pictures(case, kind)):
        Image.fromarray(picture).save(folder / f"{kind}_{name}.png", compress_level=1)
        Image.fromarray(picture).save(folder / f"{kind}_{name}.tga")  # as the planes: nothing to be decoded
        planes.append(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None]).astype(np.float32) / 255))
        np.save(folder / f"{kind}_{name}.npy", planes[-1].numpy())
        np.save(folder / f"{kind}_{name}_small.npy", net.small(planes[-1]).numpy())
    results = plain(*planes, scale=case.scale, sample_pixels=case.sample_pixels, prevent_oversampling=False)
    for name in ("pha", "fgr", "pha_sm"):
        np.save(folder / f"{kind}_{name}.npy", results[name].numpy())
    error = torch.nn.functional.interpolate(results["err_sm"], (case.height // 4, case.width // 4), mode="bilinear",
                                            align_corners=False)[0, 0].numpy()
    mask, cells = describe_cells(error, case.sample_pixels // 16)
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / f"{kind}_cells.png")
    margin = cells["smallest_error_refined"] - cells["largest_error_not_refined"]
    if margin < LEAST_MARGIN or not np.array_equal(mask, results["ref_sm"][0, 0].numpy() > 0):
        raise SystemExit(f"prepare: {kind}: the refined cells are not decided by the pictures (margin {margin:.4f}): {cells}")
    return cells


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("case", choices=CASES)
    options.add_argument("folder", type=pathlib.Path)
    args = options.parse_args()
    case, folder = CASES[args.case], args.folder
    stamp = stamp_of(case)
    if (folder / "stamp.json").exists() and (folder / "stamp.json").read_text() == stamp:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    warnings.filterwarnings("ignore")
    import torch
    from rivals.patches import BackgroundMattingV2
    import tensor_file
    torch.set_num_threads(os.cpu_count())
    with torch.no_grad():
        plain = BackgroundMattingV2(case.backbone).eval()
        state = seeded_state(plain)
        plain.load_state_dict(state)
        torch.save(state, folder / "weights.pth")
        tensor_file.write(folder / "weights.safetensors",
                          {k: v.numpy() for k, v in state.items() if not k.endswith("num_batches_tracked")}, {"seed": 0})
        example = tuple(torch.from_numpy(p.transpose(2, 0, 1)[None] / 255).float() for p in pictures(case, "scattered"))
        net = export(folder, case, state, example)
        cells = {kind: record(folder, case, plain, net, kind) for kind in MAPS}
    (folder / "cells.json").write_text(json.dumps(cells, indent=1))
    (folder / "stamp.json").write_text(stamp)


if __name__ == "__main__":
    main()
