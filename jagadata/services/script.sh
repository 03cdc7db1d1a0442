#!/bin/sh
# Jagadata on a host: stops and starts the listed services, and starts them by itself when nobody renews the switch.
# Generated; settings and lists are fixed below. Usage: jagadata-host status|stop|start|arm|renew|disarm|switch SYSTEM
# What varies comes through standard input (so that sudoers needs no wildcard):
#   stop, start: units of the list, or nothing for all; arm: TOKEN SECONDS; renew, disarm: TOKEN
# Exit codes: 0 done, 10 the switch fired (or its time is over), 11 another token is armed, 12 nothing is armed, 13 a unit did not obey,
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
# An entry is MANAGER:UNIT; neither holds white space (the office file sees to that). Beside systemd and supervisor:
#   timer: a timer of systemd; oneshot, oneshot-run: a service that ends by itself, with its timers; cron: a file in /etc/cron.d.
#   Of these, off means that nothing starts the job and none runs now; on means that it may be started again. Only
#   oneshot-run is run by a start: a job may be a migration. State idle: nothing starts it but people.

JOB_SECONDS=600 # how long a job that runs now is waited for
CRON=/etc/cron.d
CRON_ASIDE=/etc/jagadata-cron # beside it, on the same file system: moving back needs no inode

busy() { # UNIT: at work (a oneshot that "remains after exit" is done)
  case $(show ActiveState "$1") in
  activating | deactivating | reloading | refreshing) return 0 ;;
  active) [ "$(show SubState "$1")" != exited ] ;;
  *) return 1 ;;
  esac
}

ticking() { case $(show ActiveState "$1") in active | activating | reloading) ;; *) return 1 ;; esac; }

timers_of() { # SERVICE: the timers that start it, also one of its name that systemd has not loaded now
  for timer in $(show TriggeredBy "$1") "${1%.service}.timer"; do
    case $timer in *.timer) ;; *) continue ;; esac
    [ "$(show LoadState "$timer")" = loaded ] && printf '%s\n' "$timer"
  done | sort -u
}

cron_commands() { # FILE: how its jobs look in the list of processes: the whole command, and a plain one as sh hands itself over to it
  awk '
    /^[ \t]*(#|$)/ || /^[ \t]*[A-Za-z_][A-Za-z0-9_]*[ \t]*=/ { next }
    {
      sub(/^[ \t]+/, "")
      for (field = /^@/ ? 2 : 6; field > 0; field--) sub(/^[^ \t]+[ \t]+/, "")
      gsub(/\\%/, "\001"); sub(/%.*/, ""); gsub(/\001/, "%"); sub(/[ \t]+$/, "")
      if ($0 == "") next
      print
      plain = $0
      if (match(plain, /[|&;()<>"\047`$\\*?]/)) {
        if (substr(plain, RSTART, 1) ~ /[|&;()]/) next
        plain = substr(plain, 1, RSTART - 1)
        sub(/[ \t][0-9]?$/, "", plain)
      }
      if (plain ~ /\// && plain !~ /^(cd|\.|\[) /) print plain
    }' "$1" 2>/dev/null
}

cron_busy() { # FILE: one of its jobs runs now
  commands=$(cron_commands "$1")
  [ -n "$commands" ] || return 1
  set +f
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\000\n' '  ' | COMMANDS=$commands awk '
    { all = all $0 }
    END {
      count = split(ENVIRON["COMMANDS"], jobs, "\n")
      for (number = 1; number <= count; number++) if (index(" " all " ", " " jobs[number] " ")) exit 0
      exit 1
    }'
  found=$?
  set -f
  return "$found"
}

limit_of() { # ENTRY: sets limit to the seconds that stopping it may take by its manager's own setting
  case $1 in
  systemd:*)
    limit=$(show TimeoutStopUSec "${1#*:}" | awk '
      /infinity/ { print 3600; exit }
      {
        for (part = 1; part <= NF; part++) {
          number = $part + 0
          if ($part ~ /us$/) number /= 1000000
          else if ($part ~ /ms$/) number /= 1000
          else if ($part ~ /min$/) number *= 60
          else if ($part ~ /h$/) number *= 3600
          else if ($part ~ /d$/) number *= 86400
          sum += number
        }
        print int(sum + 0.999)
      }')
    ;;
  supervisor:*) limit=$(supervisor_files | UNIT=${1#*:} awk '
      BEGIN { unit = ENVIRON["UNIT"]; sub(/:$/, "", unit); group = unit; sub(/:.*/, "", group); sub(/^.*:/, "", unit); best = 10 }
      /^[ \t]*\[/ {
        name = $0; gsub(/^[ \t]*\[|\].*/, "", name); kind = name; sub(/:.*/, "", kind); sub(/^[^:]*:/, "", name)
        ours = kind ~ /program$/ && (index(unit, name) == 1 || name == group || (name in members))
        in_group = kind == "group" && name == group
      }
      in_group && /^[ \t]*programs[ \t]*=/ {
        text = $0; sub(/^[^=]*=/, "", text); gsub(/[ \t]/, "", text); count = split(text, list, ",")
        for (number = 1; number <= count; number++) members[list[number]] = 1
      }
      ours && /^[ \t]*stopwaitsecs[ \t]*=/ { text = $0; sub(/^[^=]*=/, "", text); if (text + 0 > best) best = text + 0 }
      END { print best }') ;;
  *) limit=$JOB_SECONDS ;;
  esac
  case $limit in '' | *[!0-9]*) limit=90 ;; esac
  [ "$limit" -le 7200 ] || limit=7200
}

supervisor_files() { # its configuration and what that includes
  [ -r "$SUPERVISOR" ] || return 0
  cat "$SUPERVISOR"
  set +f
  (
    cd "$(dirname "$SUPERVISOR")" || exit 0
    for one in $(awk '/^[ \t]*\[/ { inside = /\[include\]/ } inside && /^[ \t]*files[ \t]*=/ { sub(/^[^=]*=/, ""); print }' "$SUPERVISOR"); do
      [ -f "$one" ] && cat "$one"
    done
  )
  set -f
}

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
  timer)
    detail=$(show ActiveState "$unit")
    case $(show LoadState "$unit") in loaded | masked) ;; *) detail=not-found ;; esac
    case $detail in
    active | activating | reloading) state=running ;;
    inactive | failed)
      state=stopped
      for job in $(show Triggers "$unit"); do
        if busy "$job"; then state=running detail=at-work; fi
      done
      ;;
    '') detail=no-answer ;;
    esac
    ;;
  oneshot | oneshot-run)
    detail=$(show ActiveState "$unit") timers=$(timers_of "$unit")
    case $(show LoadState "$unit") in
    loaded | masked)
      state=idle
      [ -z "$timers" ] || state=stopped
      for timer in $timers; do
        if ticking "$timer"; then state=running detail=$timer; fi
      done
      if busy "$unit"; then state=running detail=at-work; fi
      ;;
    *) detail=not-found ;;
    esac
    for waker in $(show TriggeredBy "$unit"); do
      case $waker in *.timer) continue ;; esac
      ticking "$waker" && wakers="$wakers,$waker"
    done
    wakers=${wakers#-,}
    ;;
  cron)
    if [ -e "$CRON/$unit" ]; then
      state=running detail=in-place
    elif [ ! -e "$CRON_ASIDE/$unit" ]; then
      detail=not-found
    elif cron_busy "$CRON_ASIDE/$unit"; then
      state=running detail=at-work
    else
      state=stopped detail=aside
    fi
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
  total=0
  for unit in "$@"; do
    limit_of "supervisor:$unit"
    [ "$limit" -ge 60 ] || limit=60
    total=$((total + limit + 30))
  done
  # A start of what is still stopping would be refused, and nothing would start it later.
  tries=0
  while [ "$verb_now" = start ] && [ "$tries" -lt $((2 * total)) ]; do
    limit=20 surveyed=$(supervise status)
    stopping=''
    for unit in "$@"; do
      look "supervisor:$unit"
      [ "$detail" != STOPPING ] || stopping=yes
    done
    [ -n "$stopping" ] || break
    tries=$((tries + 1))
    sleep 0.5
  done
  limit=$total
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
    case $entry in
    systemd:*)
      limit_of "$entry"
      [ "$1" = stop ] && [ "$limit" -gt 60 ] || limit=60
      timeout $((limit + 30)) $SUDO systemctl "$1" "${entry#*:}" >/dev/null 2>&1 </dev/null
      ;;
    *) act_on_job "$1" "$entry" ;;
    esac
  done
  case $1 in stop) wanted=stopped ;; *) wanted=running ;; esac
  tries=0
  while :; do
    survey "$2"
    missing='' hope=''
    for entry in $2; do
      look "$entry"
      [ "$state" = "$wanted" ] && continue
      if [ "$state" = idle ]; then # a job that was run says how it ended
        case "$wanted $entry $detail" in running\ oneshot-run:*\ failed) ;; *) continue ;; esac
      fi
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

act_on_job() { # stop|start ENTRY of what ends by itself: whatever would start it goes off, and what runs now is waited for
  word=${2%%:*} unit=${2#*:}
  switches=''
  case $word in
  timer) switches=$unit ;;
  oneshot*) switches=$(timers_of "$unit") ;;
  cron)
    if [ "$1" = start ] && [ -e "$CRON_ASIDE/$unit" ]; then # the one in place, if there is one by now, is newer
      [ -e "$CRON/$unit" ] || mv -- "$CRON_ASIDE/$unit" "$CRON/$unit"
    elif [ "$1" = stop ] && [ -f "$CRON/$unit" ]; then
      mkdir -p -- "$CRON_ASIDE" && mv -f -- "$CRON/$unit" "$CRON_ASIDE/$unit"
    fi
    ;;
  esac
  for switch_unit in $switches; do
    timeout 90 $SUDO systemctl "$1" "$switch_unit" >/dev/null 2>&1 </dev/null
  done
  if [ "$1 $word" = 'start oneshot-run' ]; then
    timeout "$JOB_SECONDS" $SUDO systemctl start "$unit" >/dev/null 2>&1 </dev/null
  fi
  [ "$1" = stop ] || return 0
  tries=0
  while look "$2" && [ "$detail" = at-work ] && [ "$tries" -lt "$JOB_SECONDS" ]; do
    tries=$((tries + 1))
    sleep 1
  done
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
# The start depends on no write: locks are taken on files that are only read, and where "fired" can't be written
# (no inodes left, a file system gone read-only), the passed deadline itself means fired.

LONGEST=14400 # seconds that the switch may be armed for

writable() { # never by the file of `save`: whoever holds the lock may be between its writing and its renaming
  (: >"$file.try") 2>/dev/null && rm -f -- "$file.try"
}

claim() { # FILE: it exists; exec with a redirection that fails would end the shell
  [ -f "$1" ] || (: >>"$1") 2>/dev/null
  [ -r "$1" ]
}

lock() {
  claim "$file.lock" || unwritable
  exec 9<"$file.lock"
  flock -w 30 9 || fail 70 'kunci sakelar tidak dapat diambil'
}
unlock() { exec 9<&-; }

unwritable() { fail 70 "status sakelar tidak dapat ditulis di $FOLDER (disk atau inode penuh, atau sistem berkas hanya-baca)"; }

now() {
  read -r up _ </proc/uptime
  up=${up%%.*}
}

load() {
  switch=disarmed token=- boot=- deadline=0 span=0 reason=-
  if [ -r "$file" ]; then read -r switch token boot deadline span reason <"$file" || :; fi
  now
  read -r this_boot </proc/sys/kernel/random/boot_id
}

save() { # the whole line, whole or not at all
  (printf '%s\n' "$*" >"$file.new") 2>/dev/null && mv -f "$file.new" "$file" 2>/dev/null
}

spent() { [ -r "$file.spent" ] && grep -qxF -- "$wish" "$file.spent"; }

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
  writable || return 0 # nothing more will be seen of it
  tries=0
  while load && [ "$switch" = armed ] && overdue && [ "$tries" -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
}

recall() { # what the state says now; one that can't be read any more leaves what was known: the deadline holds
  now
  [ -s "$file" ] || return 0
  read -r seen_switch seen_token seen_boot seen_deadline _ <"$file" || return 0
  switch=$seen_switch token=$seen_token boot=$seen_boot deadline=$seen_deadline
} 2>/dev/null

watch() {
  trap '' HUP
  claim "$file.watch" && claim "$file.lock" || exit 1
  exec 8<"$file.watch" 6<"$file.lock" # held open: later nothing needs to be opened
  flock -w 60 8 || exit 1
  flock -w 60 6
  load
  mine=$token
  (printf '%s %s\n' "$mine" "$$" >"$file.watch") 2>/dev/null
  flock -u 6
  while :; do
    flock 6
    recall
    [ "$switch" = armed ] && [ "$token" = "$mine" ] || exit 0
    overdue && break
    flock -u 6
    left=$((deadline - up))
    [ "$left" -le 5 ] || left=5
    sleep "$left" 8<&- 6<&-
  done
  why=deadline
  [ "$boot" = "$this_boot" ] || why=reboot
  record
  flock -u 6
  rounds=0
  until start_all 8<&- 6<&-; do
    rounds=$((rounds + 1))
    [ "$rounds" -lt 60 ] || break
    sleep 10 8<&- 6<&-
    recall
    [ "$token" = "$mine" ] && [ "$switch" != disarmed ] || exit 0
  done
  rounds=0
  until [ "$recorded" = yes ] || [ "$rounds" -ge 8640 ]; do # for a day
    rounds=$((rounds + 1))
    sleep 10 8<&- 6<&-
    flock 6
    recall
    [ "$switch" = armed ] && [ "$token" = "$mine" ] || exit 0
    record
    flock -u 6
  done
  exit 0
}

start_all() {
  log=$file.log
  (: >"$log") 2>/dev/null || log=/dev/null
  act start "$(backwards "$list")" >"$log" 2>&1
}

record() { # that it fired; without that the passed deadline says so
  recorded=no
  (printf '%s\n' "$mine" >>"$file.spent") 2>/dev/null
  save fired "$mine" "$this_boot" "$up" "$span" "$why" || return 0
  recorded=yes
  sync "$file" 2>/dev/null
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
  [ "$seconds" -le "$LONGEST" ] || fail 65 "paling lama $LONGEST detik"
  refuse_short_life
  settle
  lock
  load
  if [ "$switch" = armed ] && overdue; then tell && exit 10; fi
  if [ "$switch" = armed ] && [ "$token" != "$wish" ]; then tell && exit 11; fi
  if spent; then tell && exit 10; fi
  save armed "$wish" "$this_boot" $((up + seconds + 1)) "$seconds" - || unwritable
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
  if [ "$switch" = disarmed ] && ! spent; then tell && exit 12; fi
  tell && exit 10
}

renew() {
  take_token
  settle
  lock
  load
  judge
  save armed "$wish" "$this_boot" $((up + span + 1)) "$span" - || unwritable
}

disarm() {
  take_token
  settle
  lock
  load
  [ "$switch $token" = "disarmed $wish" ] && exit 0
  judge
  save disarmed "$wish" "$this_boot" "$up" "$span" - || unwritable
  sync "$file" 2>/dev/null
  alive && kill "$watcher_pid" 2>/dev/null # else it would notice within seconds; under the lock it can't be firing
  return 0
}

guarded() { # nothing is stopped that nobody would start again
  settle
  load
  if [ "$switch" = armed ] && ! overdue && alive; then return 0; fi
  tell
  fail 12 'sakelar pengaman tidak terpasang; layanan tidak dihentikan'
}

tell() { # switch STATE TOKEN SECONDS REASON WATCHER: seconds left while armed, else seconds since
  load
  watcher=dead
  alive && watcher=alive
  if [ "$switch" = armed ] && [ "$boot" != "$this_boot" ]; then switch=fired reason=reboot deadline=$up; fi
  if [ "$switch" = armed ] && overdue; then switch=fired reason=deadline; fi
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
    [ -d "$FOLDER" ] || mkdir -p -- "$FOLDER" || fail 70 "folder sakelar tidak dapat dibuat: $FOLDER"
    for program in flock setsid timeout; do
      command -v "$program" >/dev/null || fail 70 "program $program tidak ada di host"
    done
    "$verb"
    ;;
  switch) tell ;;
  status)
    printf 'script %s\n' "$VERSION"
    survey "$list"
    for entry in $list; do
      look "$entry"
      report unit
      limit_of "$entry"
      printf 'limit %s %s %s\n' "$manager" "$unit" "$limit"
    done
    ;;
  stop)
    list=$(chosen) || exit $?
    guarded
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
