"""Links two sources that each include every header: nothing may be defined twice.

usage: two_sources.py COMPILER INCLUDE_DIR BUILD_DIR FLAGS...
"""
import pathlib
import subprocess
import sys

compiler, include, build = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
flags = [f for f in sys.argv[4:] if f not in ("-I", "-I/usr/include")]
lines = "".join(f"#include <{p.relative_to(include)}>\n" for p in sorted(include.rglob("*.hpp")))
objects = []
for name, tail in (("one", "int other(); int main() { return other(); }\n"), ("two", "int other() { return 0; }\n")):
    source, target = build / f"two_sources_{name}.cpp", build / f"two_sources_{name}.o"
    source.write_text(lines + tail)
    subprocess.run([compiler, "-std=c++20", "-c", str(source), "-o", str(target), *flags, f"-I{include}"], check=True)
    objects.append(str(target))
# Relocatable link: duplicate symbols fail, undefined ones of other libraries do not matter here.
subprocess.run([compiler, "-r", "-nostdlib", *objects, "-o", str(build / "two_sources.o")], check=True)
print("two sources with every header link")
