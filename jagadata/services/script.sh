#!/bin/sh
# Jagadata on a host: stops and starts the listed services, and starts them by itself when nobody renews the switch.
# Generated; settings and lists are fixed below. Usage: jagadata-host status|stop|start|arm|renew|disarm|switch SYSTEM
# What varies comes through standard input (so that sudoers needs no wildcard):
#   stop, start: units of the list, or nothing for all; arm: TOKEN SECONDS; renew, disarm: TOKEN
# Exit codes: 0 done, 10 the switch fired, 11 another token is armed, 12 nothing is armed, 13 a unit did not obey,
#   64 not in the lists, 65 bad input, 70 the switch cannot work here.
set -uf
umask 077
LC_ALL=C
export LC_ALL
#SETTINGS#

fail() {
  code=$1
  shift
  printf 'jagadata-host: %s\n' "$*" >&2
  exit "$code"
}

# --- services ---
# An entry is MANAGER:UNIT; neither holds white space (the office file sees to that).

show() { timeout 20 systemctl show --property="$1" -- "$2" 2>/dev/null </dev/null | sed "s/^$1=//"; }

supervise() { timeout "$limit" $SUDO supervisorctl -c "$SUPERVISOR" "$@" 2>&1 </dev/null; }

survey() { # one call for all units under supervisor: the client takes its time to start
  case " $1" in *' supervisor:'*) limit=20 surveyed=$(supervise status) ;; esac
}

look() { # ENTRY: sets manager, unit, state (running, stopped, unknown), detail and wakers
  manager=${1%%:*} unit=${1#*:} state=unknown detail=- wakers=-
  case $manager in
  systemd)
    detail=$(show ActiveState "$unit")
    case $(show LoadState "$unit") in loaded | masked) ;; *) detail=not-found ;; esac
    case $detail in
    active | reloading | refreshing | activating | deactivating | maintenance) state=running ;;
    inactive | failed) state=stopped ;;
    '') detail=no-answer ;;
    esac
    # A socket, timer or path that is active would start a stopped service again.
    for waker in $(show TriggeredBy "$unit"); do
      case $(show ActiveState "$waker") in
      active | activating | reloading) wakers="$wakers,$waker" ;;
      esac
    done
    wakers=${wakers#-,}
    ;;
  supervisor) # its exit codes lie (stopping what is stopped is an "ERROR" with code 0): the words of `status` count
    detail=$(printf '%s\n' "$surveyed" | UNIT=$unit awk '
      BEGIN { unit = ENVIRON["UNIT"]; half = index(unit, ":"); group = ""
        if (half && half == length(unit)) group = unit
        else if (half && substr(unit, 1, half - 1) == substr(unit, half + 1)) unit = substr(unit, half + 1) }
      $1 == unit || (group != "" && index($1, group) == 1) {
        if ($2 ~ /^(RUNNING|STARTING|STOPPING|BACKOFF)$/) running = $2
        else if ($2 ~ /^(STOPPED|EXITED|FATAL)$/) stopped = $2
        else odd = "no-answer" }
      END { print running != "" ? running : odd != "" ? odd : stopped != "" ? stopped : "not-found" }')
    case $detail in
    RUNNING | STARTING | STOPPING | BACKOFF) state=running ;;
    STOPPED | EXITED | FATAL) state=stopped ;;
    esac
    ;;
  esac
}

report() { printf '%s %s %s %s %s %s\n' "$1" "$manager" "$unit" "$state" "$detail" "$wakers"; }

supervise_all() { # VERB UNIT...: one after the other, in one call
  verb_now=$1
  shift
  limit=$((90 * $#))
  said=$(supervise "$verb_now" "$@")
  [ "$verb_now" = stop ] || return 0
  for unit in "$@"; do
    case "
$said
" in
    *"
$unit: stopped
"*) state=running ;;
    *) state=stopped ;;
    esac
    manager=supervisor detail=- wakers=-
    report was
  done
}

act() { # stop|start ENTRIES: all are tried, in that order, and waited for; false if one does not obey
  together=''
  for entry in $2 ''; do
    case $entry in supervisor:*)
      together="$together ${entry#*:}"
      continue
      ;;
    esac
    if [ -n "$together" ]; then
      supervise_all "$1" $together
      together=''
    fi
    [ -n "$entry" ] || continue
    if [ "$1" = stop ]; then
      look "$entry"
      report was
    fi
    timeout 90 $SUDO systemctl "$1" "${entry#*:}" >/dev/null 2>&1 </dev/null
  done
  case $1 in stop) wanted=stopped ;; *) wanted=running ;; esac
  tries=0
  while :; do
    survey "$2"
    missing='' hope=''
    for entry in $2; do
      look "$entry"
      [ "$state" = "$wanted" ] && continue
      missing="$missing $entry"
      [ "$detail" = not-found ] || hope=yes
    done
    [ -n "$missing" ] || return 0
    tries=$((tries + 1))
    [ -n "$hope" ] && [ "$tries" -lt 20 ] || break
    sleep 0.5
  done
  for entry in $missing; do
    look "$entry"
    report unit
  done
  return 1
}

backwards() {
  reversed=''
  for entry in $1; do reversed="$entry $reversed"; done
  printf '%s\n' "$reversed"
}

chosen() { # the whole list, or the units that standard input names, in the list's order
  wishes=''
  read -r wishes || :
  for wish in $wishes; do
    case " $list " in *":$wish "*) ;; *) fail 64 "unit tidak ada dalam daftar sistem $system" ;; esac
  done
  for entry in $list; do
    case " $wishes " in '  ' | *" ${entry#*:} "*) printf '%s ' "$entry" ;; esac
  done
}

# --- the dead-man's switch ---
# One state line per system: STATE TOKEN BOOT DEADLINE SPAN REASON; read and written under its lock only.
# Seconds since boot count (nobody sets that clock). Only the watcher fires; it holds the .watch lock while it lives.

lock() {
  exec 9>>"$file.lock"
  flock -w 30 9 || fail 70 'kunci sakelar tidak dapat diambil'
}
unlock() { exec 9>&-; }

load() {
  switch=disarmed token=- boot=- deadline=0 span=0 reason=-
  if [ -r "$file" ]; then read -r switch token boot deadline span reason <"$file" || :; fi
  read -r up _ </proc/uptime
  up=${up%%.*}
  read -r this_boot </proc/sys/kernel/random/boot_id
}

save() { # the whole line, whole or not at all
  printf '%s\n' "$*" >"$file.new" && mv -f "$file.new" "$file"
}

overdue() { [ "$boot" != "$this_boot" ] || [ "$up" -ge "$deadline" ]; }

alive() { # does the watcher of this token live?
  [ -r "$file.watch" ] || return 1
  held='' watcher_pid=''
  read -r held watcher_pid <"$file.watch" || :
  [ "$held" = "$token" ] || return 1
  exec 7<"$file.watch"
  if flock -s -n 7; then
    exec 7>&-
    return 1
  fi
  exec 7>&-
}

refuse_short_life() { # where logind ends what a user leaves behind, only root's watcher lives on
  if [ "$(id -u)" != 0 ] && [ -d /run/systemd/system ] && busctl get-property org.freedesktop.login1 \
    /org/freedesktop/login1 org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null </dev/null | grep -q true; then
    fail 70 'KillUserProcesses=yes akan mengakhiri penjaga sakelar; pakai control: script'
  fi
}

spawn() { # a watcher that outlives this session
  if [ "$(id -u)" = 0 ] && [ -d /run/systemd/system ]; then
    systemd-run --quiet --collect --setenv=HOME="${HOME:-/root}" --setenv=PATH="$PATH" \
      --unit="jagadata-switch-$system-$$-$up" /bin/sh "$SELF" watch "$system" \
      </dev/null >/dev/null 2>&1 7>&- 8>&- 9>&- && return
  fi
  setsid /bin/sh "$SELF" watch "$system" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
}

await_watcher() {
  tries=0
  until alive; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || return 1
    sleep 0.1
  done
}

settle() { # a dead watcher is replaced; what is overdue is fired (by the watcher) before anything else happens
  load
  [ "$switch" = armed ] || return 0
  alive || { spawn && await_watcher; }
  tries=0
  while load && [ "$switch" = armed ] && overdue && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
}

watch() {
  trap '' HUP
  exec 8>>"$file.watch"
  flock -w 60 8 || exit 1
  lock
  load
  mine=$token
  printf '%s %s\n' "$mine" "$$" >"$file.watch"
  unlock
  while :; do
    exec 9>>"$file.lock"
    flock 9
    load
    [ "$switch" = armed ] && [ "$token" = "$mine" ] || exit 0
    overdue && break
    unlock
    left=$((deadline - up))
    [ "$left" -le 5 ] || left=5
    sleep "$left" 8>&-
  done
  why=deadline
  [ "$boot" = "$this_boot" ] || why=reboot
  printf '%s\n' "$mine" >>"$file.spent" || :
  save fired "$mine" "$this_boot" "$up" "$span" "$why" && sync "$file" 2>/dev/null
  unlock
  rounds=0
  until act start "$(backwards "$list")" 8>&-; do
    rounds=$((rounds + 1))
    [ "$rounds" -lt 60 ] || exit 13
    sleep 10 8>&-
    load
    [ "$token" = "$mine" ] && [ "$switch" != disarmed ] || exit 0
  done >"$file.log" 2>&1
  exit 0
}

take_token() {
  wish='' seconds='' rest=''
  read -r wish seconds rest || :
  case $wish in '' | -* | *[!A-Za-z0-9._-]*) fail 65 'token tidak sah' ;; esac
  [ "${#wish}" -le 100 ] || fail 65 'token terlalu panjang'
}

arm() {
  take_token
  case $seconds in '' | 0* | *[!0-9]* | ??????*) fail 65 'jumlah detik tidak sah' ;; esac
  refuse_short_life
  settle
  lock
  load
  if [ "$switch" = armed ] && [ "$token" != "$wish" ]; then tell && exit 11; fi
  if [ -r "$file.spent" ] && grep -qxF -- "$wish" "$file.spent"; then tell && exit 10; fi
  save armed "$wish" "$this_boot" $((up + seconds + 1)) "$seconds" - || fail 70 'status sakelar tidak dapat ditulis'
  sync "$file" 2>/dev/null
  unlock
  load
  alive || spawn
  await_watcher && return 0
  lock
  load
  [ "$token" = "$wish" ] && save disarmed "$wish" "$this_boot" "$up" "$seconds" -
  fail 70 'penjaga sakelar tidak dapat dijalankan'
}

judge() { # armed for this token, or say why not
  if [ "$switch" = armed ] && [ "$token" != "$wish" ]; then tell && exit 11; fi
  if [ "$switch" = armed ] && ! overdue; then return 0; fi
  if [ "$switch" != fired ] && ! { [ -r "$file.spent" ] && grep -qxF -- "$wish" "$file.spent"; }; then tell && exit 12; fi
  tell && exit 10
}

renew() {
  take_token
  settle
  lock
  load
  judge
  save armed "$wish" "$this_boot" $((up + span + 1)) "$span" - || fail 70 'status sakelar tidak dapat ditulis'
}

disarm() {
  take_token
  settle
  lock
  load
  [ "$switch $token" = "disarmed $wish" ] && exit 0
  judge
  save disarmed "$wish" "$this_boot" "$up" "$span" - || fail 70 'status sakelar tidak dapat ditulis'
  sync "$file" 2>/dev/null
  alive && kill "$watcher_pid" 2>/dev/null # else it would notice within seconds; under the lock it can't be firing
  return 0
}

tell() { # switch STATE TOKEN SECONDS REASON WATCHER: seconds left while armed, else seconds since
  load
  watcher=dead
  alive && watcher=alive
  if [ "$switch" = armed ] && [ "$boot" != "$this_boot" ]; then switch=fired reason=reboot deadline=$up; fi
  case $switch in armed) age=$((deadline - up)) ;; *) age=$((up - deadline)) ;; esac
  [ "$age" -ge 0 ] || age=0
  printf 'switch %s %s %s %s %s\n' "$switch" "$token" "$age" "$reason" "$watcher"
}

main() {
  verb=${1:-} system=${2:-}
  if [ "$verb" = boot ]; then
    for each in $SYSTEMS; do
      system=$each file=$FOLDER/$each
      [ -r "$file" ] && settle
    done
    exit 0
  fi
  list=$(units "$system") || fail 64 "sistem tidak ada dalam daftar: $system"
  file=$FOLDER/$system
  case $verb in
  arm | renew | disarm | watch)
    mkdir -p -- "$FOLDER" && [ -w "$FOLDER" ] || fail 70 "folder sakelar tidak dapat ditulis: $FOLDER"
    for program in flock setsid timeout; do
      command -v "$program" >/dev/null || fail 70 "program $program tidak ada di host"
    done
    "$verb"
    ;;
  switch) tell ;;
  status)
    survey "$list"
    for entry in $list; do
      look "$entry"
      report unit
    done
    ;;
  stop)
    list=$(chosen) || exit $?
    act stop "$list" || exit 13
    ;;
  start)
    list=$(chosen) || exit $?
    act start "$(backwards "$list")" || exit 13
    ;;
  *) fail 64 'perintah tidak dikenal' ;;
  esac
}

main "$@"
