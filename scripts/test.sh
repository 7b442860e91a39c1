#!/bin/sh
# Checks everything on a fresh clone or a used one: installs, builds, types, lint, then all tests; prints the counts last.
set -u
unset CDPATH
root=$(cd -P -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root" || exit 1
reports=$(mktemp -d "${TMPDIR:-/tmp}/aimindserve-test.XXXXXX") || exit 1
trap 'rm -rf "$reports"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
results=

say() { printf '\n== %s\n' "$*"; }

# Runs one check and remembers how it went under a name.
check() {
  name=$1
  shift
  say "$name"
  if "$@"; then results="$results $name=passed"; else results="$results $name=failed"; fi
}

skip() {
  say "$1: skipped, $2"
  results="$results $1=skipped"
}

# The test tools are a workspace of their own: a checkout that only ever served lacks them.
install() {
  if [ -d node_modules/vitest ] && [ -n "$(find node_modules/.package-lock.json -newer package-lock.json)" ]; then return 0; fi
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
}

# The official Python SDK in an environment of its own; made beside and moved, so that two runs may do it at once.
install_python_sdk() {
  if [ -x .venv/bin/python ] && .venv/bin/python -c 'import openai' 2>/dev/null; then return 0; fi
  fresh=.state/venv.$$
  mkdir -p .state
  python3 -m venv "$fresh" && "$fresh/bin/python" -m pip install --quiet --disable-pip-version-check 'openai>=1.50,<3' || {
    rm -rf "$fresh"
    return 1
  }
  rm -rf .venv
  mv "$fresh" .venv
}

say install
install || { echo 'npm could not install what the tests need.'; echo '0 passed, 1 failed'; exit 1; }

check build npm run --silent build
check types npm run --silent check
check format-and-lint npx --no-install biome check .
check unused-code npx --no-install knip
check unit npx --no-install vitest run --project unit --reporter=default --reporter=json --outputFile.json="$reports/unit.json"

if command -v python3 >/dev/null 2>&1 && install_python_sdk; then
  AIMINDSERVE_TEST_PYTHON=$root/.venv/bin/python
  export AIMINDSERVE_TEST_PYTHON
else
  skip python-sdk 'there is no Python 3 with venv, or its packages cannot be fetched'
fi
command -v busybox >/dev/null 2>&1 || skip busybox 'there is no busybox on this machine'

check end-to-end npx --no-install vitest run --project end-to-end --reporter=default --reporter=json --outputFile.json="$reports/end-to-end.json"

check kill-series npx --no-install vitest run --project kill-series --reporter=default --reporter=json --outputFile.json="$reports/kill-series.json"

say vllm
vllm_report=$reports/vllm.json
sh scripts/test-vllm.sh --reporter=default --reporter=json --outputFile.json="$vllm_report"
case $? in
  0) results="$results vllm=passed" ;;
  75) skip vllm 'for the reason above' && vllm_report= ;;
  *) results="$results vllm=failed" ;;
esac

say result
# shellcheck disable=SC2086
set -- $results
node scripts/count-tests.mjs "$@" "$reports/unit.json" "$reports/end-to-end.json" "$reports/kill-series.json" ${vllm_report:+"$vllm_report"}
