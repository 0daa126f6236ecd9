"""Compiles each public header in a source of its own: it must include what it uses and warn about nothing.

usage: each_alone.py COMPILER INCLUDE_DIR FLAGS...
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

compiler, include = sys.argv[1], pathlib.Path(sys.argv[2])
# Other libraries' headers may warn as they like.
others = (pathlib.Path(f[2:]).resolve() for f in sys.argv[3:] if f != "-I")
flags = [f"-isystem{d}" for d in others if d not in (include.resolve(), pathlib.Path("/usr/include"))]
headers = sorted(p.relative_to(include) for p in include.rglob("*.hpp"))
if not headers:
    sys.exit(f"no headers below {include}")


def check(header):
    command = [compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++", *flags,
               f"-I{include}", "-"]
    return header, subprocess.run(command, input=f"#include <{header}>\n", text=True, capture_output=True)


failed = 0
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for header, result in pool.map(check, headers):
        if result.returncode:
            failed += 1
            print(f"--- {header}\n{result.stderr}")
print(f"{len(headers) - failed} of {len(headers)} headers compile alone with {compiler}")
sys.exit(1 if failed else 0)
