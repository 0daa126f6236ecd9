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
import subprocess

from rivals.cases import MAPS

ROOT = pathlib.Path(__file__).resolve().parents[2]


def frame_ms(given, network, kind):
    weights = {"slim": ROOT / "weights/default.safetensors", "bgmv2-mobilenetv2": given.folder / "weights.safetensors"}
    command = [given.hairline, "bench", network, "--weights", weights[network], "--src", given.folder / f"{kind}_src.tga",
               "--background", given.folder / f"{kind}_bgr.tga", "--refine-mode", "sampling", "--refine-sample-pixels", "80000",
               "--refine-prevent-oversampling", "0", "--backbone-scale", "0.25", "--threads", given.threads, "--warmup", "3",
               "--frames", given.frames, "--json", "-"]
    return json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)["total"]["ms_median"]


def compare(given, kind):
    times = {"slim": [], "bgmv2-mobilenetv2": []}
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
    cpu = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    result = {"cpu": cpu[0] if cpu else "", "threads": given.threads, "size": [1920, 1080], "refined_cells": 5000, "frames": given.frames,
              "load_before": round(os.getloadavg()[0], 2)}
    for kind in MAPS:
        result[kind] = compare(given, kind)
        print(kind, json.dumps(result[kind]["ms"]), json.dumps(result[kind]["times_faster"]), flush=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
