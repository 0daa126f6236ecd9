#!/usr/bin/env bash
# Records the golden values of networks, layers and weights again, from PyTorch, and checks hairline_torch.
# usage: scripts/golden.sh        needs several gigabytes for PyTorch in .venv-torch
set -euo pipefail
cd "$(dirname "$0")/.."
if ! cmp -s python/golden/requirements.txt .venv-torch/.requirements; then
  python3 -m venv .venv-torch
  .venv-torch/bin/python -m pip install --quiet --disable-pip-version-check -r python/golden/requirements.txt
  cp python/golden/requirements.txt .venv-torch/.requirements
fi
python=.venv-torch/bin/python
$python python/golden/augment.py tests/golden/augment.json
$python python/golden/layers.py tests/golden/layers.safetensors
$python python/golden/losses.py tests/golden/losses.safetensors
$python python/golden/networks.py tests/golden/networks
$python python/golden/parts.py tests/golden/parts.safetensors
$python python/golden/weights.py tests/golden/weights
$python python/tests/test_hairline_torch.py build/hairline
