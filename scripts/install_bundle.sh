#!/bin/sh
# Installs aiMindServe from an unpacked bundle; asks no network. Lies in the bundle as install.sh.
#   sh install.sh [--prefix FOLDER] [--data-dir FOLDER]
# The program goes to PREFIX/lib/aimindserve and PREFIX/bin/aimindserve (default: ~/.local), models to the data directory.
set -eu
unset CDPATH

say() { printf '%s\n' "aiMindServe: $*" >&2; }
fail() { say "$@"; exit 78; }

here=$(cd -P -- "$(dirname -- "$0")" && pwd -P)
prefix=${HOME:-}/.local
data=
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
    --data-dir) data=${2:?--data-dir needs a folder}; shift 2 ;;
    *) fail "'$1' is not known: sh install.sh [--prefix FOLDER] [--data-dir FOLDER]" ;;
  esac
done

check_node() {
  command -v node >/dev/null 2>&1 || fail 'Node.js 20.19 or newer is needed and there is none. Install it first; the bundle does not hold it.'
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    fail "Node.js 20.19 or newer is needed; this is $(node --version)."
  platform=$(node -p '`${process.platform}-${process.arch}`')
  [ "$platform" = "$(cat "$here/packages/PLATFORM")" ] ||
    fail "The bundle was made for $(cat "$here/packages/PLATFORM"), and this machine is $platform. Make one on a machine like this."
}

check_sums() {
  if command -v sha256sum >/dev/null 2>&1; then (cd "$here" && sha256sum -c SHA256SUMS >/dev/null)
  else (cd "$here" && shasum -a 256 -c SHA256SUMS >/dev/null)
  fi || fail 'The bundle is damaged: a checksum differs. Copy it again.'
}

# Beside its place first, so that an installation that is interrupted changes nothing.
unpack() {
  rm -rf "$fresh"
  mkdir -p "$fresh" "$prefix/bin"
  while read -r archive place; do
    mkdir -p "$fresh/$place"
    tar -xzf "$here/$archive" -C "$fresh/$place" --strip-components=1 --no-same-owner
  done <"$here/packages/PLACES"
}

put() {
  old=$prefix/lib/.aimindserve.old
  if [ -e "$library" ] && [ ! -f "$library/node_modules/aimindserve/package.json" ]; then
    fail "$library is there already and is not ours; choose another --prefix."
  fi
  command=$prefix/bin/aimindserve
  if [ -e "$command" ] && [ ! -h "$command" ]; then fail "$command is there already and is not ours; choose another --prefix."; fi
  rm -rf "$old"
  if [ -e "$library" ]; then mv "$library" "$old"; fi
  mv "$fresh" "$library"
  rm -rf "$old"
  chmod +x "$library/node_modules/aimindserve/dist/cli/main.js"
  ln -sf "$library/node_modules/aimindserve/dist/cli/main.js" "$command"
}

check_node
say 'checking ...'
check_sums
mkdir -p "$prefix/lib"
prefix=$(cd -P -- "$prefix" && pwd -P)
library=$prefix/lib/aimindserve
fresh=$prefix/lib/.aimindserve.new
trap 'rm -rf "$fresh"' EXIT
say "installing into $prefix ..."
unpack
put
if [ -n "$data" ]; then set -- --data-dir "$data"; else set --; fi
"$prefix/bin/aimindserve" bundle load "$here" "$@"
say "installed. Start it:  $prefix/bin/aimindserve serve"
