#!/bin/sh
# What does not fit into every check: the suite of all formats with ten times the cases and a seed of its own.
# Usage: npm run nightly [SEED]
set -eu
cd -- "$(dirname -- "$0")/.."
SUITE_SEED=${1:-$(date +%s)}
SUITE_RUNS=${SUITE_RUNS:-3000}
export SUITE_SEED SUITE_RUNS
echo "Seed $SUITE_SEED, $SUITE_RUNS cases for each property; the same again: npm run nightly $SUITE_SEED"
npx --no-install vitest run --project unit --testTimeout 1200000 src/formats/formats.contract
# 64 clients, three engines, engines killed now and then; AIMINDSERVE_LLAMA_SERVER names a llama-server to have three kinds.
npx --no-install vitest run --project mixed-load
