"""What including a header costs the one who includes it: compiler processor time (user + system) of a source that holds
that one line, optimised (-O2 -c), and of one that flattens a network besides. Processor time, because other work on the
machine lengthens the wall clock more; the median of several runs, compilers and headers in turn.

usage: compile_time.py [--compilers g++-12,clang++-14] [--runs 5] [--headers nets/net.hpp,...] [--json FILE]
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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from machine import machine  # noqa: E402

root = pathlib.Path(__file__).resolve().parents[2]
# What people include; every other header is part of one of these.
HEADERS = ["core/image.hpp", "io/read.hpp", "solvers/closed_form.hpp", "solvers/foreground_multilevel.hpp",
           "metrics/evaluate.hpp", "nets/net.hpp", "nets/background_matting_v2.hpp", "nets/reference.hpp",
           "nets/description.hpp", "weights/load.hpp", "weights/convert.hpp"]
SOURCES = {header: f"#include <hairline/{header}>\n" for header in HEADERS}
for encoder in ("MobileNetV2", "ResNet50", "ResNet101"):
    SOURCES[f"a network: Background Matting V2, {encoder}"] = (
        "#include <hairline/nets/background_matting_v2.hpp>\n"
        f"constexpr hairline::Graph g = hairline::graph<hairline::BackgroundMattingV2<hairline::{encoder}>>();\n"
        "const hairline::Graph* use() { return &g; }\n")


def compile_once(compiler, source, folder):
    path = pathlib.Path(folder) / "source.cpp"
    path.write_text(source, encoding="utf-8")
    command = [compiler, "-std=c++20", "-O2", "-c", str(path), "-o", "/dev/null", f"-I{root / 'include'}"]
    command += [f"-isystem/usr/include/{d}" for d in ("eigen3", "OpenEXR", "Imath")]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed on:\n{source}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compilers", default="g++-12,clang++-14")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--headers", help="these instead of the usual ones, comma-separated")
    parser.add_argument("--json", help="write the results to this file")
    a = parser.parse_args()
    sources = {h: f"#include <hairline/{h}>\n" for h in a.headers.split(",")} if a.headers else SOURCES
    compilers = a.compilers.split(",")
    times = {(c, s): [] for c in compilers for s in sources}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(a.runs):
            for name, source in sources.items():
                for compiler in compilers:
                    times[compiler, name].append(compile_once(compiler, source, folder))
    rows = []
    for name in sources:
        row = {"source": name}
        for compiler in compilers:
            runs = times[compiler, name]
            row[compiler] = {"cpu_s_median": round(statistics.median(r[0] for r in runs), 3),
                             "wall_s_median": round(statistics.median(r[1] for r in runs), 3),
                             "cpu_s": [round(r[0], 3) for r in runs], "memory_mib": round(max(r[2] for r in runs))}
        rows.append(row)
        print(f"{name:50}" + "".join(f"  {c} {row[c]['cpu_s_median']:6.2f} s" for c in compilers), flush=True)
    if a.json:
        versions = {c: subprocess.run([c, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
                    for c in compilers}
        report = {"cpu": machine()["cpu"], "cores": os.cpu_count(), "compilers": versions, "flags": "-std=c++20 -O2 -c",
                  "runs": a.runs, "rows": rows}
        pathlib.Path(a.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


main()
