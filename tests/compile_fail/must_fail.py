"""Checks one must-fail source: it compiles as it stands, and with -DHAIRLINE_SHOULD_FAIL it does not, saying what the
first line (`// expect: TEXT`) promises.

usage: must_fail.py COMPILER SOURCE FLAGS...
"""
import subprocess
import sys

compiler, source, *flags = sys.argv[1:]
flags = [f for f in flags if f not in ("-I", "-I/usr/include")]
first = open(source, encoding="utf-8").readline()
prefix = "// expect: "
if not first.startswith(prefix):
    sys.exit(f"{source}: the first line must be '{prefix}TEXT'")
expected = first[len(prefix):].strip()
command = [compiler, "-std=c++20", "-fsyntax-only", *flags, source]
good = subprocess.run(command, capture_output=True, text=True)
if good.returncode:
    sys.exit(f"{source} must compile without HAIRLINE_SHOULD_FAIL:\n{good.stderr}")
bad = subprocess.run([*command, "-DHAIRLINE_SHOULD_FAIL"], capture_output=True, text=True)
if bad.returncode == 0:
    sys.exit(f"{source} compiles with HAIRLINE_SHOULD_FAIL, but must not")
if expected not in bad.stderr:
    sys.exit(f"{source} fails as it must, but without saying '{expected}':\n{bad.stderr}")
print(f"fails with '{expected}'")
