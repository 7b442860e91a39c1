#!/bin/sh
# Tests one tool format, of the catalogue or from a JSON file, for all that every format must keep: npm run format NAME
set -u
case ${1-} in
  '')
    echo 'Which format? npm run format NAME, or npm run format FILE.json' >&2
    exit 64
    ;;
  *.json)
    FORMAT_FILE=$1
    export FORMAT_FILE
    exec npx --no-install vitest run --project unit test/formats/custom.test.ts
    ;;
  *)
    FORMAT=$1
    export FORMAT
    exec npx --no-install vitest run --project unit src/formats/formats.contract.test.ts
    ;;
esac
