# Shared by the scripts: where things are, and how the parts that tests need are installed when missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\n== %s\n' "$*"; }

# Debian parts: a C compiler for ring, git for hosting, Python's venv. Nothing is done when all are there.
need_debian() {
  local missing=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  command -v git >/dev/null || missing+=(git)
  command -v python3 >/dev/null || missing+=(python3)
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} -eq 0 ] || need_packages "${missing[@]}"
}

# Installs Debian packages.
need_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "missing: $* (no apt-get here: install them by hand)" >&2
    return 1
  fi
  local sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  say "installing $*"
  $sudo apt-get update -qq
  $sudo apt-get install -y -qq --no-install-recommends "$@"
}

need_rust() {
  command -v cargo >/dev/null && return 0
  echo "missing: Rust (cargo) 1.95 or newer" >&2
  return 1
}

# The clients that the Python suites use, in a venv of the checkout's own; made again when the list changes.
need_python() {
  local list=tests/python/requirements.txt stamp=.venv/.installed
  if ! cmp -s "$list" "$stamp" 2>/dev/null; then
    say "installing the Python clients"
    [ -x .venv/bin/python ] || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$list"
    cp "$list" "$stamp"
  fi
}

# The clients that the JavaScript suite uses, in a node_modules of the suite's own; installed again when the list changes.
need_node() {
  local list=tests/node/package-lock.json stamp=tests/node/node_modules/.installed
  if ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' 2>/dev/null; then
    echo "missing: Node.js 20 or newer" >&2
    return 1
  fi
  if ! cmp -s "$list" "$stamp" 2>/dev/null; then
    say "installing the JavaScript clients"
    (cd tests/node && npm ci --silent)
    cp "$list" "$stamp"
  fi
}
