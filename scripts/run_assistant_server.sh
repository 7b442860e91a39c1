#!/bin/sh
# Starts aiMindServe; installs and builds first if something is missing or out of date.
# Takes the flags of `aimindserve serve`; without any, the bundled model answers on http://127.0.0.1:31512.
set -eu
unset CDPATH

say() { printf '%s\n' "aiMindServe: $*" >&2; }
fail() { say "$@"; exit 78; }

# The repository's folder, also when this script was reached through symbolic links.
script=$0
while [ -h "$script" ]; do
  target=$(ls -ld -- "$script" | sed 's/^.* -> //')
  case $target in
    /*) script=$target ;;
    *) script=$(dirname -- "$script")/$target ;;
  esac
done
root=$(cd -P -- "$(dirname -- "$script")/.." && pwd -P)

modules=$root/node_modules
state=$root/.state
lock=$state/setup.lock

find_node() {
  if command -v node >/dev/null 2>&1; then node=node
  elif command -v nodejs >/dev/null 2>&1; then node=nodejs
  else fail 'Node.js 20.19 or newer is needed and there is none. Get it from https://nodejs.org and start again.'
  fi
  version=$("$node" --version) || fail "'$node --version' fails; reinstall Node.js from https://nodejs.org."
  number=${version#v}
  major=${number%%.*}
  rest=${number#*.}
  minor=${rest%%.*}
  if [ "$major" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 19 ]; }; then
    fail "Node.js 20.19 or newer is needed; this is $version. Get it from https://nodejs.org and start again."
  fi
}

# Installed = npm finished after the lock file last changed, or this very lock file was installed; where the package was
# installed itself, its dependencies lie beside it.
is_installed() {
  [ -d "$root/src" ] || return 0
  [ -f "$modules/.package-lock.json" ] || return 1
  if cmp -s "$root/package-lock.json" "$modules/.installed-lock.json"; then return 0; fi
  [ -n "$(find "$modules/.package-lock.json" -newer "$root/package-lock.json")" ]
}

# Built = nothing that goes into dist/ is newer than the moment its build began. A package without sources is built.
is_built() {
  [ -d "$root/src" ] || return 0
  [ -f "$root/dist/.built" ] || return 1
  changed=$(find "$root/src" "$root/tsconfig.json" "$root/tsconfig.build.json" ! -name '*.test.ts' \
    -newer "$root/dist/.built" | head -n 1)
  [ -z "$changed" ]
}

# Runs a step in the repository so that a signal ends it at once; its output goes to the terminal.
run_step() {
  (cd -- "$root" && exec "$@") >&2 &
  child=$!
  code=0
  wait "$child" || code=$?
  child=
  return "$code"
}

install_packages() {
  command -v npm >/dev/null 2>&1 || fail 'npm is needed to install and there is none. It comes with Node.js: https://nodejs.org.'
  # Serving needs no test tools; a checkout that has them keeps them.
  if [ -d "$modules/vitest" ]; then set --; else set -- --workspaces=false; fi
  say 'installing packages (about 90 MB, only when they changed) ...'
  run_step npm ci "$@" --ignore-scripts --include=dev --include=optional \
    --no-audit --no-fund --loglevel=error ||
    fail 'npm could not install the packages; its message is above. Check the network (or the npm registry) and start again.'
  cp "$root/package-lock.json" "$modules/.installed-lock.json"
}

# Builds beside dist/ and swaps, so that no one ever loads half a build.
build() {
  say 'building ...'
  fresh=$state/build.$$
  rm -rf "$fresh"
  mkdir "$fresh"
  : >"$fresh/.built"
  run_step "$node" "$modules/typescript/bin/tsc" -p tsconfig.build.json --outDir "$fresh" ||
    fail 'the build failed; the compiler says why above.'
  rm -rf "$state/old.$$"
  if [ -d "$root/dist" ]; then mv "$root/dist" "$state/old.$$"; fi
  mv "$fresh" "$root/dist"
  rm -rf "$state/old.$$"
}

# One setup at a time: whoever makes the folder has the lock; a lock whose holder is gone is moved away.
take_lock() {
  mkdir -p "$state" 2>/dev/null || fail "cannot write to $root; run this once as its owner to install and build."
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    [ -d "$lock" ] || fail "cannot write to $state; run this once as its owner to install and build."
    holder=$(cat "$lock/pid" 2>/dev/null) || holder=
    if [ -n "$holder" ]; then
      if kill -0 "$holder" 2>/dev/null; then abandoned=no; else abandoned=yes; fi
    elif [ "$waited" -ge 5 ]; then abandoned=yes
    else abandoned=no
    fi
    if [ "$abandoned" = yes ]; then
      mv "$lock" "$lock.$$" 2>/dev/null && rm -rf "$lock.$$"
      continue
    fi
    if [ "$waited" -eq 0 ]; then say 'another start is installing or building; waiting for it ...'; fi
    sleep 1
    waited=$((waited + 1))
  done
  printf '%s\n' "$$" >"$lock/pid"
}

clean_up() {
  [ -z "$child" ] || kill "$child" 2>/dev/null || :
  rm -rf "$lock" "$state/build.$$" "$state/old.$$"
}

set_up() {
  child=
  take_lock
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  is_installed || install_packages
  is_built || build
  trap - EXIT INT TERM HUP
  clean_up
}

find_node
if ! is_installed || ! is_built; then set_up; fi
exec "$node" "$root/dist/cli/main.js" serve "$@"
