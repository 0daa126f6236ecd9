"""hairline's classical solvers against PyMatting, in one run, in rotating order.

PyMatting is timed as a warm in-process call (its compilation is done before the clock starts); hairline as a whole
process: start, read the PNGs, solve, write the 16-bit PNG. That is unfair to hairline, on purpose.

Each method has a Python process of its own, as memory that one method leaves behind makes the next one quicker;
--together runs all of them in one. With --in-process the multi-level foreground is also timed as a call on arrays in
memory, as PyMatting's is.

usage: classical.py --hairline build/hairline --image I --trimap T [--rounds 7] [--in-process PROGRAM] [--json FILE]
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pymatting
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from machine import machine  # noqa: E402


def read(path):
    """A 16-bit or 8-bit picture in [0,1]; Pillow reads 16-bit RGB as 8-bit, so foregrounds compare at 8 bits."""
    picture = Image.open(path)
    values = np.asarray(picture).astype(np.float64)
    return values / (65535.0 if values.max() > 255 or picture.mode.startswith("I") else 255.0)


def run_hairline(command):
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return seconds


def compare(name, rival, command, result_path, rounds, in_process=None):
    """Times both in turns and compares what they found. in_process prints the milliseconds of calls, a line each."""
    expected = rival()  # compiles and warms up
    run_hairline(command)
    ours, theirs, calls = [], [], []
    for round_ in range(rounds):
        def time_rival():
            start = time.perf_counter()
            rival()
            theirs.append(time.perf_counter() - start)
        def time_ours():
            ours.append(run_hairline(command))
        for job in ((time_rival, time_ours) if round_ % 2 else (time_ours, time_rival)):
            job()
        if in_process:
            done = subprocess.run(in_process, capture_output=True, text=True, check=True)
            calls.append(statistics.median(float(line) for line in done.stdout.split()))
    difference = np.abs(read(result_path) - expected)
    row = {
        "method": name,
        "hairline_ms_median": 1e3 * statistics.median(ours),
        "pymatting_ms_median": 1e3 * statistics.median(theirs),
        "hairline_ms": [round(1e3 * t, 1) for t in ours],
        "pymatting_ms": [round(1e3 * t, 1) for t in theirs],
        "ratio": statistics.median(ours) / statistics.median(theirs),
        "sad_to_pymatting_thousands": float(difference.sum() / 1000),
        "max_difference": float(difference.max()),
    }
    if calls:
        row["in_process_ms"] = [round(t, 1) for t in calls]
        row["in_process_ratio"] = statistics.median(calls) / row["pymatting_ms_median"]
    print(f"{name:12} hairline {row['hairline_ms_median']:8.1f} ms   PyMatting {row['pymatting_ms_median']:8.1f} ms   "
          f"ratio {row['ratio']:.3f}   SAD between them {row['sad_to_pymatting_thousands']:.4f}k"
          + (f"   in process {statistics.median(calls):.1f} ms, ratio {row['in_process_ratio']:.3f}" if calls else ""),
          flush=True)
    return row


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hairline", required=True)
    options.add_argument("--image", required=True)
    options.add_argument("--trimap", required=True)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--methods", default="cf,knn,lbdm,rw,ml")
    options.add_argument("--in-process", help="foreground_multilevel_bench, if it is built")
    options.add_argument("--together", action="store_true", help="all methods in this process")
    options.add_argument("--json")
    args = options.parse_args()
    methods = args.methods.split(",")
    result = compare_here(args, methods) if args.together or len(methods) == 1 else compare_apart(args, methods)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(result, indent=2) + "\n")
        print(f"written: {args.json}")


def compare_apart(args, methods):
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        one = os.path.join(folder, "one.json")
        for method in methods:
            command = [sys.executable, __file__, "--hairline", args.hairline, "--image", args.image, "--trimap",
                       args.trimap, "--rounds", str(args.rounds), "--methods", method, "--json", one]
            if args.in_process:
                command += ["--in-process", args.in_process]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
            print(done.stdout.split("written:")[0], end="", flush=True)
            if done.returncode:
                raise SystemExit(done.returncode)
            row = json.loads(pathlib.Path(one).read_text())
            result = {**row, "rows": result.get("rows", []) + row["rows"]}
    return result


def compare_here(args, methods):
    image = pymatting.load_image(args.image, "RGB")
    trimap = pymatting.load_image(args.trimap, "GRAY")
    rivals = {"cf": pymatting.estimate_alpha_cf, "knn": pymatting.estimate_alpha_knn,
              "lbdm": pymatting.estimate_alpha_lbdm, "lkm": pymatting.estimate_alpha_lkm,
              "rw": pymatting.estimate_alpha_rw, "sm": pymatting.estimate_alpha_sm}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        alpha_path = os.path.join(folder, "alpha.png")
        for method in methods:
            if method == "ml":
                continue
            command = [args.hairline, "matte", args.image, alpha_path, "--trimap", args.trimap, "-m", method, "--force",
                       "--quiet"]
            rows.append(compare(method, lambda: rivals[method](image, trimap), command, alpha_path, args.rounds))
        if "ml" in methods:
            given = os.path.join(folder, "given.png")
            run_hairline([args.hairline, "matte", args.image, given, "--trimap", args.trimap, "-m", "cf", "--quiet"])
            alpha = read(given)
            out = os.path.join(folder, "foreground.png")
            command = [args.hairline, "foreground", args.image, given, out, "--depth", "8", "--method", "ml", "--force",
                       "--quiet"]
            rows.append(compare("ml", lambda: pymatting.estimate_foreground_ml(image, alpha), command, out, args.rounds,
                                [args.in_process, args.image, given, "20"] if args.in_process else None))
    return {"cpu": machine()["cpu"], "cores": os.cpu_count(), "pymatting": pymatting.__version__,
            "picture": {"name": pathlib.Path(args.image).name, "width": image.shape[1], "height": image.shape[0]},
            "rounds": args.rounds, "processes": "together" if len(methods) > 1 else "apart", "rows": rows}


if __name__ == "__main__":
    main()
