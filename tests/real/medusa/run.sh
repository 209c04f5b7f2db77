#!/usr/bin/env bash
# A real Medusa, installed from npm and seeded, driven through the gateway of the local stack. See tests/real/README.md.
#
#   tests/real/medusa/run.sh            installs what is missing, starts what does not run, seeds an empty store, checks
#   tests/real/medusa/run.sh --record   the same, and writes the recordings of shared/connectors/fixtures/medusa
#   tests/real/medusa/run.sh --fresh    the same on an emptied store
#   tests/real/medusa/run.sh --stop     ends what an earlier run started
set -euo pipefail

root=$(cd "$(dirname "$0")/../../.." && pwd)
here=$root/tests/real/medusa
home=${MEDUSA_HOME:-$root/target/real/medusa}
database=${MEDUSA_DATABASE_PORT:-55432}
port=${MEDUSA_PORT:-9000}
stack_port=${STACK_PORT:-8797}
export MEDUSA_DISABLE_TELEMETRY=true STORE=http://127.0.0.1:$port EMAIL=admin@x.test PASSWORD=supersecret
mkdir -p "$home"

tell() { printf '== %s\n' "$*"; }
is_up() { curl --silent --fail --max-time 3 --output /dev/null "$1"; }
running() { [ -f "$home/$1.pid" ] && kill -0 "$(cat "$home/$1.pid")" 2>/dev/null; }
wait_for() { # what, address, pid file
  for _ in $(seq 180); do
    is_up "$2" && return
    running "$3" || { tail -20 "$home/$3.log"; echo "$1 ended"; exit 1; }
    sleep 1
  done
  echo "$1 did not come up"; exit 1
}

# PostgreSQL refuses to run as root.
binaries=$(dirname "$(ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1 || command -v initdb)")
as_database() { if [ "$(id -u)" = 0 ]; then (cd / && su postgres -s /bin/bash -c "$*"); else bash -c "$*"; fi; }
sql() { psql --quiet --no-psqlrc --tuples-only --no-align -h 127.0.0.1 -p "$database" -U postgres "$@"; }

stop() {
  for name in stack medusa; do
    if running "$name"; then kill "$(cat "$home/$name.pid")" && rm -f "$home/$name.pid"; fi
  done
  if [ -f "$home/postgres/data/postmaster.pid" ]; then as_database "$binaries/pg_ctl -D $home/postgres/data -m fast stop" >/dev/null || true; fi
}
if [ "${1:-}" = --stop ]; then stop; exit; fi

if [ ! -d "$home/node_modules/@medusajs/medusa" ]; then
  tell "installing Medusa (about 640 MB)"
  cp "$here/medusa-config.js" "$home/"
  # By date: the newest releases of its parts do not resolve together.
  (cd "$home" && npm init -y >/dev/null && npm install --no-audit --no-fund --before=2026-06-01 @medusajs/{medusa,cli,framework,admin-sdk}@2 >npm.log 2>&1)
fi
cp "$here/medusa-config.js" "$home/"
# What merchants put into their shops (docs/guides/medusa-webhooks.md). It is silent until it is told where to.
mkdir -p "$home/src/subscribers"
cp "$root/docs/guides/medusa/cartage.js" "$home/src/subscribers/"

if ! sql -c 'select 1' >/dev/null 2>&1; then
  tell "starting PostgreSQL"
  mkdir -p "$home/postgres"
  if [ "$(id -u)" = 0 ]; then chown postgres "$home/postgres"; fi
  if [ ! -d "$home/postgres/data" ]; then as_database "$binaries/initdb -D $home/postgres/data -U postgres -A trust -E UTF8 --locale=C.UTF-8" >/dev/null; fi
  as_database "$binaries/pg_ctl -D $home/postgres/data -l $home/postgres/log -w start -o '-p $database -c listen_addresses=127.0.0.1 -c unix_socket_directories=$home/postgres'" >/dev/null
fi

if [ "${1:-}" = --fresh ] || [ "${1:-}" = --record ]; then
  tell "emptying the store"
  if running medusa; then kill "$(cat "$home/medusa.pid")"; while running medusa; do sleep 1; done; fi
  sql -c 'drop database if exists medusa with (force)'
fi
export DATABASE_URL=postgres://postgres@127.0.0.1:$database/medusa PORT=$port
if [ -z "$(sql -c "select 1 from pg_database where datname = 'medusa'")" ]; then
  tell "making the database"
  sql -c 'create database medusa'
  (cd "$home" && npx medusa db:migrate >migrate.log 2>&1 && npx medusa user -e "$EMAIL" -p "$PASSWORD" >user.log 2>&1)
  rm -f "$home/seeded.json"
fi
start_medusa() {
  (cd "$home" && exec node node_modules/.bin/medusa start >medusa.log 2>&1) &
  echo $! >"$home/medusa.pid"
  wait_for Medusa "$STORE/health" medusa
}
if ! is_up "$STORE/health"; then
  tell "starting Medusa"
  start_medusa
fi
if [ ! -s "$home/seeded.json" ]; then
  tell "seeding (two to three minutes)"
  node "$here/seed.mjs" >"$home/seeded.part" && mv "$home/seeded.part" "$home/seeded.json"
fi
export SEEDED=$home/seeded.json ROOT=$root
if [ "${1:-}" = --record ]; then
  tell "recording"
  node "$here/record.mjs"
fi

if [ -z "${STACK:-}" ]; then
  export STACK=$root/target/local/stack.json
  if ! { [ -s "$STACK" ] && is_up "$(node -p 'JSON.parse(require("fs").readFileSync(process.env.STACK)).api')/v1/platforms"; }; then
    tell "starting the local stack"
    rm -f "$home/stack.log"
    (cd "$root" && exec cargo run --quiet -p local -- --port "$stack_port" >"$home/stack.log" 2>&1) &
    echo $! >"$home/stack.pid"
    until grep -q "^Keys " "$home/stack.log" 2>/dev/null; do running stack || { tail -20 "$home/stack.log"; exit 1; }; sleep 1; done
  fi
fi
tell "checking"
node "$here/check.mjs"

if running medusa; then
  tell "connecting the shop for its webhooks, and starting it anew with their address and secret"
  node "$here/hooks.mjs" connect >"$home/hooks.json"
  kill "$(cat "$home/medusa.pid")"; while running medusa; do sleep 1; done
  CARTAGE_HOOK_URL=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).url' "$home/hooks.json")
  CARTAGE_HOOK_SECRET=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).secret' "$home/hooks.json")
  export CARTAGE_HOOK_URL CARTAGE_HOOK_SECRET
  start_medusa
  tell "checking webhooks"
  HOOKS=$home/hooks.json node "$here/hooks.mjs" check
else
  tell "webhooks are not checked: this Medusa was started by somebody else, and cannot be told their address"
fi
