"""The default model against Background Matting V2 with MobileNetV2, frame by frame on the same kernels.

    slim.py CASE_FOLDER OUT.json [--hairline build/hairline] [--rounds 7] [--frames 15] [--threads 2]

CASE_FOLDER has the weights and the pictures of both error maps, as rivals/prepare.py makes them (after
`make compare-networks CASE=mobilenetv2_1920x1080`: build/bench/networks/mobilenetv2_1920x1080). Both networks refine 5000
cells. Every round starts `hairline bench` for each of them, the other first in the next round; a round's number is the
median of its frames, the ratio is taken round by round.
"""
import argparse
import json
import os
import pathlib
import statistics

from networks import CASES, MAPS, bench_command, run  # first: it says where machine.py is
from machine import machine

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = CASES["mobilenetv2_1920x1080"]


def frame_ms(given, network, kind):
    weights = ROOT / "weights/default.safetensors" if network == "slim" else given.folder / "weights.safetensors"
    command = bench_command(given, network, weights, CASE, given.folder, kind, 3, given.frames)
    return json.loads(run(command, 600)[0])["total"]["ms_median"]


def compare(given, kind):
    times = {"slim": [], CASE.network: []}
    for turn in range(given.rounds):
        for network in list(times)[::1 - 2 * (turn % 2)]:
            times[network].append(round(frame_ms(given, network, kind), 2))
    ratios = [slow / quick for quick, slow in zip(*times.values())]
    return {"ms_rounds": times, "ms": {network: statistics.median(values) for network, values in times.items()},
            "times_faster": {"median": round(statistics.median(ratios), 3), "least": round(min(ratios), 3)}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--hairline", default="build/hairline")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frames", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    result = {"cpu": machine()["cpu"], "threads": given.threads, "size": [CASE.width, CASE.height],
              "refined_cells": CASE.sample_pixels // 16, "frames": given.frames, "load_before": round(os.getloadavg()[0], 2)}
    for kind in MAPS:
        result[kind] = compare(given, kind)
        print(kind, json.dumps(result[kind]["ms"]), json.dumps(result[kind]["times_faster"]), flush=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
