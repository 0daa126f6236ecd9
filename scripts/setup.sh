#!/usr/bin/env bash
# Makes a machine ready: Debian packages (installed if root, listed if not) and the virtual environment in .venv.
# usage: scripts/setup.sh build|test        A second run costs a fraction of a second.
set -euo pipefail
purpose=${1:-build}
cd "$(dirname "$0")/.."

# --- Debian packages ---
wanted=$(awk -v purpose="$purpose" '!/^#/ && NF == 2 && ($1 == "build" || $1 == purpose) { print $2 }' scripts/debian-packages.txt)
if command -v dpkg-query >/dev/null; then
  missing=()
  for package in $wanted; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
      echo "setup: these Debian packages are missing, and installing them needs root. As root, run:" >&2
      echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 1
    fi
    echo "setup: installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
else
  echo "setup: no dpkg here; please provide what scripts/debian-packages.txt lists" >&2
fi

# --- the virtual environment ---
stamp=.venv/.requirements
if ! cmp -s requirements.txt "$stamp"; then
  echo "setup: making .venv with $(grep -v '^#' requirements.txt | tr '\n' ' ')"
  # /usr/bin/python3 is the one whose venv module the packages above provide.
  python=/usr/bin/python3
  "$python" -c 'import ensurepip' 2>/dev/null || python=python3
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
  cp requirements.txt "$stamp"
fi
