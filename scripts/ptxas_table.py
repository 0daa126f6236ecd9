"""What NVIDIA's assembler makes of every CUDA kernel: registers, spills and memory, as JSON and as a table.

It assembles the PTX of each kernel in a manifest of hairline_gen for each architecture, without a GPU. ptxas comes from
the package that scripts/requirements-ptxas.txt pins, which is put below the build folder when it is first wanted. The end
is non-zero if any kernel spills or cannot be assembled.

usage: ptxas_table.py MANIFEST [--arch sm_80,sm_90] [--ptxas FILE] [--build build] [--results bench/results]
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "scripts/requirements-ptxas.txt"


def find_ptxas(build):
    folder = build / "ptxas"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--upgrade", "--target", folder, "-r", REQUIREMENTS], check=True)
        stamp.write_text(REQUIREMENTS.read_text())
    return next(folder.rglob("bin/ptxas"))


def assemble(ptxas, ptx, arch):
    """One dictionary for each entry function of a file."""
    with tempfile.NamedTemporaryFile(suffix=".ptx") as text:
        text.write(pathlib.Path(ptx).read_bytes().replace(b"\0", b""))
        text.flush()
        done = subprocess.run([ptxas, "-v", f"-arch={arch}", text.name, "-o", os.devnull], capture_output=True, text=True)
    if done.returncode != 0:
        return [{"entry": "?", "error": done.stderr.strip()[:400]}]
    entries = []
    for line in done.stderr.splitlines():
        if found := re.search(r"Compiling entry function '([^']+)'", line):
            entries.append({"entry": found[1], "registers": 0, "stack": 0, "spill_stores": 0, "spill_loads": 0,
                            "shared_bytes": 0})
        elif found := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            entries[-1].update(zip(("stack", "spill_stores", "spill_loads"), map(int, found.groups())))
        elif found := re.search(r"Used (\d+) registers", line):
            entries[-1]["registers"] = int(found[1])
            if shared := re.search(r"(\d+) bytes smem", line):
                entries[-1]["shared_bytes"] = int(shared[1])
    return entries


def table(report):
    arch = report["architectures"][0]
    lines = [f"# CUDA kernels as ptxas sees them ({report['ptxas']}, {arch})", "",
             f"{len(report['kernels'])} kernels of {report['library']}; of each the most that one of its entry functions "
             "takes: registers of a thread, bytes of stack, bytes spilled. Shared memory is asked for at launch, at most "
             "31 KiB a block. `make ptxas-table` makes this table.", "",
             "| kernel | entries | schedule | registers | stack | spills |", "|---|---|---|---|---|---|"]
    for kernel in report["kernels"]:
        entries = kernel[arch]
        if "error" in entries[0]:
            lines.append(f"| {kernel['kernel']} | | {entries[0]['error']} | | | |")
            continue
        worst = {key: max(e[key] for e in entries) for key in ("registers", "stack", "spill_stores", "spill_loads")}
        schedule = "warps" if kernel["knobs"].get("warp") == "true" and kernel["by_warps"] else "threads"
        lines.append(f"| {kernel['kernel']} | {len(entries)} | {schedule} | {worst['registers']} | {worst['stack']} | "
                     f"{worst['spill_stores'] + worst['spill_loads']} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=pathlib.Path)
    parser.add_argument("--arch", default="sm_80,sm_90")
    parser.add_argument("--ptxas", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results")
    o = parser.parse_args()
    ptxas = o.ptxas or find_ptxas(o.build)
    ptxas.chmod(0o755)
    version = re.search(r"release ([\d.]+)", subprocess.run([ptxas, "--version"], capture_output=True, text=True).stdout)
    kernels = sorted((k for k in json.loads(o.manifest.read_text()) if "ptx" in k), key=lambda k: k["kernel"])
    report = {"ptxas": f"release {version[1]}", "library": o.manifest.name.removesuffix("_manifest.json"),
              "target": kernels[0]["target"], "architectures": o.arch.split(","), "kernels": []}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        made = {arch: list(pool.map(lambda k, a=arch: assemble(ptxas, k["ptx"], a), kernels))
                for arch in report["architectures"]}
    bad = []
    for i, kernel in enumerate(kernels):
        entries = {arch: made[arch][i] for arch in report["architectures"]}
        report["kernels"].append({"kernel": kernel["kernel"], "generator": kernel["generator"], "knobs": kernel["knobs"],
                                  "by_warps": b"bar." in pathlib.Path(kernel["ptx"]).read_bytes(),
                                  **entries})
        for arch, list_of in entries.items():
            bad += [f"{kernel['kernel']} {arch} {e['entry']}: {e.get('error') or 'spills'}" for e in list_of
                    if "error" in e or e["spill_stores"] + e["spill_loads"] > 0]
    o.results.mkdir(parents=True, exist_ok=True)
    name = f"ptxas_{report['library']}"
    (o.results / f"{name}.json").write_text(json.dumps(report, indent=1) + "\n")
    (o.results / f"{name}.md").write_text(table(report))
    entries = sum(len(k[report["architectures"][0]]) for k in report["kernels"])
    print(f"{len(kernels)} kernels, {entries} entries, {len(bad)} that spill or do not assemble; {o.results / name}.md")
    for line in bad:
        print(f"  {line}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
