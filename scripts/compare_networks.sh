#!/usr/bin/env bash
# The networks against PyTorch, ONNX Runtime, OpenVINO and ncnn, each case in turn; results in bench/results.
# usage: scripts/compare_networks.sh [CASE...]      without a case: all of them
# The engines (several gigabytes) go into .venv-networks, or where NETWORKS_VENV says.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${NETWORKS_VENV:-.venv-networks}
if ! command -v g++ >/dev/null; then
  echo "compare-networks: g++ is missing; torch.compile needs it and will be reported as failed" >&2
fi
if ! cmp -s bench/compare/requirements-networks.txt "$venv/.requirements"; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r bench/compare/requirements-networks.txt
  cp bench/compare/requirements-networks.txt "$venv/.requirements"
fi
cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then
  cases=(mobilenetv2_1920x1080 mobilenetv2_3840x2160 resnet50_1920x1080 resnet101_1920x1080)
fi
for case in "${cases[@]}"; do
  # shellcheck disable=SC2086  # OPTIONS holds several words
  "$venv/bin/python" bench/compare/networks.py --case "$case" --hairline build/hairline ${OPTIONS:-}
done
