#!/bin/sh
# Lets fides' own graph engine walk docs/privacy/fides/dataset.yaml. Needs Python 3.13 or newer (PYTHON names it) and about 900 MB below target/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
home=${FIDES_HOME:-$root/target/real/fides}
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' || {
    echo "fides needs Python 3.13 or newer; PYTHON=/path/to/python3.13 $0" >&2
    exit 2
}
if [ ! -f "$home/ready" ]; then
    mkdir -p "$home"
    "$python" -m venv "$home/venv"
    "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check "ethyca-fides==${FIDES_VERSION:-2.86.2}"
    : >"$home/ready"
fi
exec "$home/venv/bin/python" "$here/graph.py" "$root/docs/privacy/fides/dataset.yaml"
