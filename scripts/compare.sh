#!/usr/bin/env bash
# Compares the classical solvers with PyMatting and writes JSON.
# usage: scripts/compare.sh [IMAGE TRIMAP]     without a picture: the demo's sample
set -euo pipefail
cd "$(dirname "$0")/.."
if ! cmp -s bench/compare/requirements.txt .venv-compare/.requirements; then
  python3 -m venv .venv-compare
  .venv-compare/bin/python -m pip install --quiet --disable-pip-version-check -r bench/compare/requirements.txt
  cp bench/compare/requirements.txt .venv-compare/.requirements
fi
image=${1:-out/sample/image.png}
trimap=${2:-out/sample/trimap.png}
if [ ! -e "$image" ]; then
  echo "compare: $image is missing; run 'make demo' first, or give IMAGE and TRIMAP" >&2
  exit 1
fi
mkdir -p build/bench
.venv-compare/bin/python bench/compare/classical.py --hairline build/hairline --image "$image" --trimap "$trimap" \
  --json "${JSON:-build/bench/classical.json}" \
  $([ -x build/bench/foreground_multilevel_bench ] && echo --in-process build/bench/foreground_multilevel_bench)
