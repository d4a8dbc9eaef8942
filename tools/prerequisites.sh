#!/bin/sh
# Names every prerequisite that is missing and how to get it; says nothing and ends with 0 where all are there.
# git, Python 3.11 to 3.13 with venv, Node 20 or later with npm, make.
set -u
cd "$(dirname "$0")/.." || exit 1

system=other
[ "$(uname -s)" = Darwin ] && system=mac
command -v apt-get >/dev/null 2>&1 && system=debian
command -v dnf >/dev/null 2>&1 && system=fedora

missing=0
# name, what to install on: Debian and Ubuntu, Fedora, macOS, elsewhere
say() {
    missing=1
    case $system in
        debian) how="sudo apt install $2" ;;
        fedora) how="sudo dnf install $3" ;;
        mac) how="brew install $4" ;;
        *) how="see $5" ;;
    esac
    echo "missing: $1. Get it with: $how" >&2
}

command -v git >/dev/null 2>&1 || say "git" git git git https://git-scm.com/downloads
command -v make >/dev/null 2>&1 || say "make" make make make https://www.gnu.org/software/make/

if [ -z "$(sh tools/find-python.sh)" ]; then
    found=""
    for name in python3.13 python3.12 python3.11 python3 python; do
        command -v "$name" >/dev/null 2>&1 || continue
        version=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case $version in
            3.11 | 3.12 | 3.13) found="$found; $name is $version but has no venv" ;;
            *) found="$found; $name is $version" ;;
        esac
    done
    say "Python 3.11, 3.12 or 3.13 with venv${found}" "python3 python3-venv" python3.13 python@3.13 https://www.python.org/downloads/
fi

if ! command -v node >/dev/null 2>&1; then
    say "Node 20 or later" "nodejs npm" nodejs node https://nodejs.org
elif [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -lt 20 ]; then
    say "Node 20 or later (node is $(node --version))" "nodejs npm" nodejs node https://nodejs.org
fi
command -v npm >/dev/null 2>&1 || say "npm" npm nodejs-npm node https://nodejs.org

[ "$missing" -eq 0 ] || echo "then run the same command again" >&2
exit "$missing"
