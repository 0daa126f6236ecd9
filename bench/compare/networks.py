"""hairline against PyTorch, ONNX Runtime, OpenVINO and ncnn: one network, weights, pictures and threads, in one run.

Every rival is a process of its own (rivals/worker.py) that is started anew in each round, in rotating order, and so is
`hairline bench`: import, load from disk, first frame, warm-up, timed frames of a scattered and a clustered error map.
Before the rounds each rival makes its results once, to be compared with the plain torch model's. docs/benchmarks.md says
what is measured. A rival that fails is reported with its error.

usage: networks.py --case mobilenetv2_1920x1080 [--hairline build/hairline] [--rounds 5] [--results bench/results]
"""
import argparse
import dataclasses
import importlib.metadata
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from machine import machine  # noqa: E402
from rivals.cases import CASES, MAPS, RIVALS  # noqa: E402

PACKAGES = ("torch", "onnx", "onnxruntime", "openvino", "ncnn", "pnnx", "numpy")
QUIET_LOAD = 0.5


@dataclasses.dataclass(frozen=True)
class Own:
    """A row of hairline's own: `hairline bench --precision`, and whether the weights are as `hairline weights pack` leaves them."""
    label: str
    precision: str = "f32"
    packed: bool = False


OURS = {"hairline": Own("hairline"), "hairline_packed": Own("hairline, packed file", packed=True),
        "hairline_bf16": Own("hairline, bf16", "bf16")}


class Failed(Exception):
    """What a process said when it failed."""


def run(command, limit, **more):
    """Runs it to its end: (what it wrote, wall milliseconds, the kernel's peak of its resident memory in bytes)."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        begin = time.monotonic()
        try:
            process = subprocess.Popen(command, stdout=out, stderr=errors, **more)
        except OSError as error:
            raise Failed(str(error)) from None
        status = None
        while status is None:
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                status = process.returncode = os.waitstatus_to_exitcode(code)
            elif time.monotonic() - begin > limit:
                process.kill()
                process.wait()
                raise Failed(f"stopped after {limit} s")
            else:
                time.sleep(0.005)
        milliseconds = 1e3 * (time.monotonic() - begin)
        out.seek(0)
        errors.seek(0)
        if status:
            text = (errors.read().strip() or out.read().strip())[-800:]
            raise Failed(f"exit code {status}: {text}")
        return out.read(), milliseconds, usage.ru_maxrss * 1024


def run_rival(name, args, folder, warmup, frames, save=None):
    """One worker's answer, its first frame on the clock of whoever started it."""
    command = [sys.executable, "-W", "ignore", str(HERE / "rivals" / "worker.py"), name, args.case, str(folder), "--threads",
               str(args.threads), "--warmup", str(warmup), "--frames", str(frames)]
    if save:
        command += ["--save", str(save)]
    environment = dict(os.environ, TORCHINDUCTOR_CACHE_DIR=str(folder.resolve() / "inductor"))
    begin = time.monotonic()
    text, _, _ = run(command, args.limit, env=environment)
    answer = json.loads(text)
    answer["first_frame_ms"] = 1e3 * (answer.pop("first_frame_at") - begin)
    return answer


def bench_command(args, network, weights, case, folder, kind, warmup, frames, form="tga"):
    """`hairline bench` of a network on a case's pictures, as JSON."""
    command = [args.hairline, "bench", network, "--weights", str(weights),
               "--src", str(folder / f"{kind}_src.{form}"), "--background", str(folder / f"{kind}_bgr.{form}"),
               "--refine-mode", "sampling", "--refine-sample-pixels", str(case.sample_pixels),
               "--refine-prevent-oversampling", "0", "--threads", str(args.threads), "--frames", str(frames),
               "--warmup", str(warmup), "--json", "-"]
    return command if case.scale == 0.25 else command + ["--backbone-scale", str(case.scale)]


def hairline_command(args, own, folder, kind, warmup, frames, form="tga"):
    case, weights = CASES[args.case], folder / ("packed.safetensors" if own.packed else "weights.safetensors")
    return bench_command(args, case.network, weights, case, folder, kind, warmup, frames, form) + ["--precision", own.precision]


def run_hairline(args, own, folder):
    """`hairline bench` on both error maps, and a process that makes one frame and ends, timed from outside."""
    answer = {"ms": {}, "notes": {}, "details": {}}
    for kind in MAPS:
        text, wall, peak = run(hairline_command(args, own, folder, kind, args.warmup, args.frames), args.limit)
        try:
            details = json.loads(text)
            total, memory = details["total"], details["memory"]
            answer["ms"][kind] = [float(total["ms_median"])]
            first, over = float(total["ms_first_frame"]), int(memory["peak_over_baseline_bytes"])
        except (ValueError, KeyError, TypeError) as error:
            raise Failed(f"its JSON is not as wanted ({type(error).__name__}: {error}): {text[:300]}") from None
        if kind == MAPS[0]:
            answer |= {"first_frame_ms": first, "baseline_bytes": peak - over, "peak_bytes": peak, "imports_ms": 0.0}
        answer["details"][kind] = details | {"process_wall_ms": wall}
    answer["one_frame_process_ms"] = run(hairline_command(args, own, folder, MAPS[0], 0, 1, "png"), args.limit)[1]
    return answer


def check(args, folder, names):
    """Each rival's results once, kept on disk; the compiled one with nothing in its cache. -> error by name, cold first frame"""
    errors, cold = {}, None
    if not args.keep_inductor_cache:
        shutil.rmtree(folder / "inductor", ignore_errors=True)
    for name in names:
        try:
            answer = run_rival(name, args, folder, 0, 0, save=folder / name)
            if name == "pytorch_compiled" and not args.keep_inductor_cache:
                cold = answer["first_frame_ms"]
            print(f"  checked {RIVALS[name].label}", flush=True)
        except Failed as error:
            errors[name] = str(error)
            print(f"  {RIVALS[name].label}: {error}", flush=True)
    return errors, cold


def differences(folder, name):
    """Largest and mean distance of its results from the plain torch model's, by map and by result."""
    import numpy as np
    found = {}
    for kind in MAPS:
        found[kind] = {}
        for result in ("pha_sm",) if RIVALS[name].base else ("pha", "fgr"):
            theirs = np.load(folder / f"{name}_{kind}_{result}.npy")
            wanted = np.load(folder / f"{kind}_{result}.npy")
            if theirs.shape != wanted.shape:
                raise Failed(f"{result} has shape {theirs.shape}, wanted {wanted.shape}")
            distance = np.abs(theirs.astype(np.float64) - wanted)
            found[kind][result] = {"max": float(distance.max()), "mean": float(distance.mean())}
            (folder / f"{name}_{kind}_{result}.npy").unlink()
    return found


def summary(answers):
    """One row of the results from the answers of all rounds."""
    median = lambda key: statistics.median(a[key] for a in answers)  # noqa: E731
    row = {"ms_median": {}, "ms_rounds": {}}
    for kind in MAPS:
        rounds = [statistics.median(a["ms"][kind]) for a in answers]
        row["ms_median"][kind] = round(statistics.median(rounds), 2)
        row["ms_rounds"][kind] = [round(t, 2) for t in rounds]
    if "cpu_ms" in answers[0]:
        row["cpu_ms_median"] = {k: round(statistics.median(t for a in answers for t in a["cpu_ms"][k]), 2) for k in MAPS}
    row["first_frame_ms"] = round(median("first_frame_ms"), 1)
    row["first_frame_without_imports_ms"] = round(statistics.median(a["first_frame_ms"] - a["imports_ms"] for a in answers), 1)
    row["peak_over_baseline_bytes"] = int(statistics.median(a["peak_bytes"] - a["baseline_bytes"] for a in answers))
    row["peak_process_bytes"] = int(median("peak_bytes"))
    row["notes"] = answers[-1]["notes"]
    if "details" in answers[-1]:
        row["one_frame_process_ms"] = round(median("one_frame_process_ms"), 1)
        row["details"] = answers[-1]["details"]
    return row


def measure(args, folder):
    names = [n for n in RIVALS if not args.rivals or n in args.rivals]
    errors, cold = check(args, folder, names)
    everyone = [*OURS, *names]
    answers, loads = {n: [] for n in everyone}, []
    for round_ in range(args.rounds):
        turn = round_ % len(everyone)
        for name in everyone[turn:] + everyone[:turn]:
            if name in errors:
                continue
            try:
                answers[name].append(run_hairline(args, OURS[name], folder) if name in OURS else
                                     run_rival(name, args, folder, args.warmup, args.frames))
            except Failed as error:
                errors[name] = str(error)
                print(f"  {name}: {error}", flush=True)
        loads.append(round(os.getloadavg()[0], 2))
        print(f"  round {round_ + 1} of {args.rounds}, load {loads[-1]}", flush=True)
    rows = {}
    for name in everyone:
        if name in OURS:
            own = OURS[name]
            about = f"compiled kernels, {own.precision}" + (", weights as `hairline weights pack` leaves them" if own.packed else "")
            row = {"label": own.label, "about": about, "base_only": False, "f32": own.precision == "f32"}
        else:
            rival = RIVALS[name]
            row = {"label": rival.label, "about": rival.about, "base_only": rival.base, "f32": rival.f32}
            row |= {"patch_gather": rival.gather} if rival.gather else {}
        if name in errors:
            row["error"] = f"hairline: not available: {errors[name]}" if name in OURS else errors[name]
        else:
            row |= summary(answers[name])
            if name in RIVALS:
                row["difference"] = differences(folder, name)
            if name == "pytorch_compiled":
                row["first_frame_cold_cache_ms"] = cold and round(cold, 1)
        rows[name] = row
    return rows, loads


def best_of(rows, value, own="hairline"):
    """Name and value of the best f32 rival on the whole network, and how many times hairline is below it."""
    f32 = {n: value(r) for n, r in rows.items() if n not in OURS and "error" not in r and r["f32"] and not r["base_only"]}
    if not f32:
        return None
    name = min(f32, key=f32.get)
    ours = None if "error" in rows[own] else value(rows[own])
    return {"rival": name, "value": f32[name], "hairline": ours, "ratio": round(f32[name] / ours, 3) if ours else None}


def compared(rows):
    verdict = {f"ms_{k}": best_of(rows, lambda r, k=k: r["ms_median"][k]) for k in MAPS}
    for key in ("first_frame_ms", "first_frame_without_imports_ms", "peak_over_baseline_bytes"):
        verdict[key] = best_of(rows, lambda r, key=key: r[key])
    verdict["first_frame_ms, packed file"] = best_of(rows, lambda r: r["first_frame_ms"], "hairline_packed")
    return verdict


def against_default(rows):
    """How many times a frame of ours is below one of OpenVINO as it comes, which chooses bfloat16 where the CPU has it."""
    theirs = rows.get("openvino_default")
    if theirs is None or "error" in theirs:
        return {}
    return {name: {k: round(theirs["ms_median"][k] / rows[name]["ms_median"][k], 3) for k in MAPS}
            for name in OURS if "error" not in rows[name]}


def table(result):
    lines = [f"{result['case']}: {result['machine']['cpu']}, {result['threads']} threads, load {result['load_before']} before, "
             f"{max(result['load_rounds'])} at most",
             f"{'':24}{'scattered':>10}{'clustered':>10}{'first frame':>13}{'less imports':>13}{'memory':>9}{'process':>9}"
             f"{'alpha off':>11}{'colour off':>11}",
             f"{'':24}{'ms':>10}{'ms':>10}{'ms':>13}{'ms':>13}{'MB':>9}{'MB':>9}{'at most':>11}{'at most':>11}"]
    for name, row in result["rows"].items():
        if "error" in row:
            lines.append(f"{row['label']:24}{' '.join(row['error'].split())[:150]}")
            continue
        line = (f"{row['label']:24}{row['ms_median'][MAPS[0]]:10.1f}{row['ms_median'][MAPS[1]]:10.1f}{row['first_frame_ms']:13.0f}"
                f"{row['first_frame_without_imports_ms']:13.0f}{row['peak_over_baseline_bytes'] / 1e6:9.0f}"
                f"{row['peak_process_bytes'] / 1e6:9.0f}")
        if "difference" in row:
            for result_name in ("pha", "pha_sm"), ("fgr",):
                found = [d[r]["max"] for d in row["difference"].values() for r in result_name if r in d]
                line += f"{max(found):11.1e}" if found else f"{'':11}"
        lines.append(line)
    for key, best in result["best_f32_rival"].items():
        if best:
            ours = f"hairline {best['hairline']:.5g}, {best['ratio']} times below" if best["ratio"] else "hairline not available"
            lines.append(f"best f32 rival, {key}: {result['rows'][best['rival']]['label']} {best['value']:.5g}; {ours}")
    for name, times in result["against_openvino_default"].items():
        shown = ", ".join(f"{kind} {times[kind]}" for kind in MAPS)
        lines.append(f"OpenVINO, default: {result['rows'][name]['label']} times below: {shown}")
    return "\n".join(lines) + "\n"


def plot(result, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "hairline"
    matplotlib.rcParams["svg.fonttype"] = "none"
    import matplotlib.pyplot as pyplot
    rows = {n: r for n, r in result["rows"].items() if "error" not in r}
    labels = [r["label"] for r in rows.values()]
    colours = ["#d1495b" if n in OURS else "#8d96a3" if r["base_only"] else "#30638e" for n, r in rows.items()]
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 0.8 + 0.36 * len(labels)), sharey=True)
    places = range(len(labels))
    for offset, kind, shade in ((-0.2, MAPS[0], 1.0), (0.2, MAPS[1], 0.6)):
        values = [r["ms_median"][kind] for r in rows.values()]
        bars = axes[0].barh([p + offset for p in places], values, 0.38, color=colours, alpha=shade)
        axes[0].bar_label(bars, [f"{v:.0f}" for v in values], fontsize=7, padding=2)
    axes[0].set_title("a frame, ms: scattered (dark), clustered (light)", fontsize=9)
    for axis, title, values in (
            (axes[1], "first frame from process start, ms", [r["first_frame_ms"] for r in rows.values()]),
            (axes[2], "peak memory over baseline, MB", [r["peak_over_baseline_bytes"] / 1e6 for r in rows.values()])):
        bars = axis.barh(places, values, 0.7, color=colours)
        axis.bar_label(bars, [f"{v:.0f}" for v in values], fontsize=7, padding=2)
        axis.set_title(title, fontsize=9)
    for axis in axes:
        axis.margins(x=0.15)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(list(places), labels)
    axes[0].invert_yaxis()
    figure.suptitle(f"Background Matting V2, {result['case']}, {result['machine']['cpu']}, {result['threads']} threads", fontsize=10)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--case", required=True, choices=CASES)
    options.add_argument("--hairline", default="build/hairline")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--warmup", type=int, default=2, help="frames of each map before the clock starts, after the first")
    options.add_argument("--frames", type=int, default=5, help="timed frames of each map in each round")
    options.add_argument("--rivals", type=lambda t: t.split(","), default=[], help=f"some of {','.join(RIVALS)}; all if not given")
    options.add_argument("--limit", type=float, default=1200, help="seconds that one process may take")
    options.add_argument("--keep-inductor-cache", action="store_true", help="do not measure torch.compile's cold start again")
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/bench/networks"), help="exports and pictures")
    options.add_argument("--results", type=pathlib.Path, default=pathlib.Path("bench/results"))
    args = options.parse_args()
    unknown = [n for n in args.rivals if n not in RIVALS]
    if unknown:
        options.error(f"unknown rivals {', '.join(unknown)}, wanted some of {', '.join(RIVALS)}")
    case, folder = CASES[args.case], args.work / args.case
    load = round(os.getloadavg()[0], 2)
    if load > QUIET_LOAD:
        print(f"load is {load}: other work is running, so these times are not those of a quiet machine", flush=True)
    try:
        run([sys.executable, "-W", "ignore", str(HERE / "rivals" / "prepare.py"), args.case, str(folder)], args.limit)
    except Failed as error:
        raise SystemExit(f"networks: preparing {args.case}: {error}") from None
    try:
        run([args.hairline, "weights", "pack", str(folder / "weights.safetensors"), str(folder / "packed.safetensors"),
             "--net", case.network, "-q"], args.limit)
    except Failed as error:
        raise SystemExit(f"networks: packing the weights: {error}") from None
    rows, loads = measure(args, folder)
    result = {"case": args.case, "network": case.network, "width": case.width, "height": case.height,
              "backbone_scale": case.scale, "refine_sample_pixels": case.sample_pixels, "threads": args.threads,
              "rounds": args.rounds, "frames_per_round": args.frames, "warmup": args.warmup, "machine": machine(),
              "load_before": load, "load_rounds": loads,
              "versions": {p: importlib.metadata.version(p) for p in PACKAGES} | {"python": platform.python_version()},
              "refined_cells": json.loads((folder / "cells.json").read_text()), "rows": rows, "best_f32_rival": compared(rows),
              "against_openvino_default": against_default(rows)}
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / f"networks_{args.case}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    path.with_suffix(".txt").write_text(table(result))
    plot(result, path.with_suffix(".svg"))
    print(table(result), end="")
    print(f"written: {path}, .txt, .svg")


if __name__ == "__main__":
    main()
