"""Check everything that the office file names, for real, and change nothing that lasts. `jaga doctor` prints it."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlowError
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pyrage

from jagadata.errors import JagadataError, RefusedError
from jagadata.evidence.keys import parse_recipients
from jagadata.findings import Check, Finding, bad, ok
from jagadata.office.file import deployment_digest
from jagadata.papers.outbox import check_letterhead
from jagadata.stores import layout
from jagadata.text.formats import format_bytes
from jagadata.upkeep.procedures import PROCEDURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from jagadata.office.machines import HostEntry, ServerEntry, System
    from jagadata.office.stores import StoreEntry
    from jagadata.ports.channel import Channel
    from jagadata.ports.store import Store
    from jagadata.procedure import Procedure
    from jagadata.workplace import Workplace

LIMIT_SECONDS = 60
"""How long one check may take before it counts as a problem of its own."""
CLOCK_SECONDS = 60
"""Clocks further apart than this are a problem: schedules, locks and signatures carry times."""
DEPLOYMENTS = (
    *(name for procedure in PROCEDURES for name in procedure.deployments),
    "Penjagaan/berkala",
    "Pembersihan/harian",
)


def examine(place: Workplace, procedures: Sequence[Procedure] = PROCEDURES) -> list[Check]:
    """Run every check, several at once; one failure never hides the others."""
    work = list(_checks(place, procedures))
    checks: list[Check] = []
    with ThreadPoolExecutor(8, thread_name_prefix="doctor") as pool:
        waiting = [(group, subject, pool.submit(check)) for group, subject, check in work]
        for group, subject, future in waiting:
            try:
                findings = future.result(LIMIT_SECONDS)
            except JagadataError as error:
                findings = [bad(error.message, error.hint)]
            except TooSlowError:
                findings = [
                    bad(
                        f"tidak selesai dalam {LIMIT_SECONDS} detik", "Periksa jaringan ke sana, lalu ulangi."
                    )
                ]
            except Exception as error:  # noqa: BLE001 - a check that breaks is a finding, not the end of the others
                findings = [
                    bad(f"pemeriksaan gagal: {type(error).__name__}: {error}", "Laporkan bila tetap terjadi.")
                ]
            checks += [
                Check(group=group, subject=subject, state=state, finding=finding, action=action)
                for state, finding, action in findings
            ]
    return _merge(checks)


_SELF = re.compile(r",? (?:lalu )?(?:(?:periksa|coba lagi|jalankan) )?(?:dengan )?\(?`jaga doctor`\)?")
"""Where an error's hint leads to doctor: whoever reads it here is there already."""


def _merge(checks: Sequence[Check]) -> list[Check]:
    """A fault that several subjects share (a host that does not answer) once, at its first, with the others that it hits."""
    first: dict[tuple[str, str, str], Check] = {}
    hit: dict[tuple[str, str, str], list[str]] = {}
    merged: list[tuple[str, str, str]] = []
    for number, check in enumerate(checks):
        action = _SELF.sub("", check.action)
        shared = check.state == "MASALAH"
        key = (check.finding, action, "" if shared else str(number))
        if key not in first:
            first[key] = replace(check, action=action)
            merged.append(key)
        elif check.subject != first[key].subject:
            hit.setdefault(key, []).append(check.subject)
    return [
        replace(
            first[key], finding=f"{first[key].finding} (juga mengenai: {', '.join(dict.fromkeys(hit[key]))})"
        )
        if key in hit
        else first[key]
        for key in merged
    ]


def _checks(
    place: Workplace, procedures: Sequence[Procedure]
) -> Iterator[tuple[str, str, Callable[[], list[Finding]]]]:
    office = place.office
    yield (
        "Berkas kantor",
        "isi",
        lambda: [ok(f"sah: {len(office.systems)} sistem, {len(office.officials)} pejabat")],
    )
    yield "Berkas kantor", "kop surat", partial(_letterhead, place)
    yield "Kunci", "tanda tangan dan enkripsi", partial(_keys, place)
    yield "Kunci", "identitas untuk back up yang ada", partial(_openable, place)
    yield "Penyimpanan", "sistem yang dikenal", partial(_strangers, place)
    for number, entry in enumerate(office.stores):
        yield "Penyimpanan", entry.name, partial(_store, place, entry, number)
    for host in office.hosts:
        yield "Host", host.name, partial(_host, place, host)
    for server in office.servers:
        yield "Server basis data", server.name, partial(_server, place, server)
    for system in office.systems:
        yield "Sistem", system.id, partial(_system, place, system)
    for procedure in procedures:
        yield from procedure.checks(place)
    yield "Pesan", "saluran", partial(_channels, place)
    yield "Prefect", "server dan alur", partial(_prefect, place)


def _letterhead(place: Workplace) -> list[Finding]:
    check_letterhead(place)
    return [ok("dapat dibaca")]


def _keys(place: Workplace) -> list[Finding]:
    signer, identities, recipients = place.signer, place.identities(), place.recipients()
    del signer
    unread = [bad(fault.message, fault.hint) for fault in place.unreadable_identities()]
    message = pyrage.encrypt(b"jaga", parse_recipients(recipients))
    try:
        pyrage.decrypt(message, identities)
    except pyrage.DecryptError:
        return [
            *unread,
            bad(
                "identitas kantor tidak termasuk keys.recipients",
                "Tambahkan kunci publik identitas itu ke keys.recipients.",
            ),
        ]
    if len(recipients) < 2:
        return [
            *unread,
            bad(
                "tidak ada kunci pemulihan",
                "Tambahkan penerima kedua dari `jaga keys init`, lalu uji dengan `jaga keys test-recovery`.",
            ),
        ]
    return unread or [ok(f"lengkap; {len(recipients)} penerima berlaku hari ini")]


def _openable(place: Workplace) -> list[Finding]:
    """Backups that lie in the stores, but which no identity of this worker opens: verify and restore need another one."""
    present = [backup for backup in place.catalog().backups if not backup.pruned]
    closed: dict[str, list[str]] = {}
    for backup in present:
        try:
            place.identities_for(backup.manifest.recipients)
        except RefusedError as error:
            closed.setdefault(error.message, []).append(backup.id)
    hint = "Tambahkan identitas itu ke keys.identities; isinya tidak rusak."
    return [
        bad(f"{len(ids)} dari {len(present)} back up tidak dapat dibuka, misalnya {ids[0]}. {words}", hint)
        for words, ids in closed.items()
    ] or [ok(f"{len(present)} back up dapat dibuka dengan identitas worker ini")]


def _strangers(place: Workplace) -> list[Finding]:
    """Systems that have backups, and that the office file names neither by their id nor by an earlier one."""
    catalog = place.catalog()
    known = {system.id for system in place.office.systems}
    counts = Counter(catalog.system_of(backup) for backup in catalog.backups if not backup.pruned)
    return [
        (
            "DILEWATI",
            f"{count} back up sistem '{system}' ada di penyimpanan; sistem itu tidak ada di berkas kantor",
            f"Bila idnya berganti, isi formerly: [{system}] pada sistemnya; bila tidak dipakai lagi, biarkan.",
        )
        for system, count in sorted(counts.items())
        if system not in known
    ] or [ok("setiap back up milik sistem di berkas kantor")]


def _store(place: Workplace, entry: StoreEntry, number: int) -> list[Finding]:
    store = place.stores[number]
    features = store.features()
    found = [_write_and_read(store)]
    if entry.lock_days and not features.lock:
        found.append(
            bad(
                "lock_days diisi, tetapi bucket tidak memiliki Object Lock",
                "Buat bucket dengan Object Lock, atau isi lock_days: 0.",
            )
        )
    others = [other for other in place.stores[:number] if other.features().device == features.device]
    if others:
        found.append(
            bad(
                f"satu perangkat dengan '{others[0].name}'",
                "Pindahkan salinan kedua ke perangkat atau server lain.",
            )
        )
    leftovers = store.leftovers(timedelta(days=1))
    if leftovers:
        found.append(
            bad(
                f"{len(leftovers)} unggahan tidak selesai lebih dari sehari",
                "Bukan back up; lihat dan batalkan dengan `jaga sweep`.",
            )
        )
    tampered = list(store.tampering(layout.SYSTEMS))
    if tampered:
        found.append(
            bad(
                f"{len(tampered)} objek ditimpa atau ditandai hapus ({tampered[0].key})",
                "Versi pertama tetap dipakai; selidiki siapa yang menulis.",
            )
        )
    return found


def _write_and_read(store: Store) -> Finding:
    key, data = layout.make_probe_key(secrets.token_hex(8)), secrets.token_bytes(64)
    stored = store.put(key, data)
    done = "tulis, baca, hapus berhasil"
    try:
        same = store.get(key, version=stored.version) == data
        found = store.find(key)
    finally:
        try:
            store.remove(stored)
        except RefusedError:  # a key that only backs up and restores has no right to delete (docs/adr/0003)
            done = "tulis dan baca berhasil; kunci akses ini tidak boleh menghapus (uji tulis dibersihkan `jaga sweep`)"
    if not same:
        return bad(
            "yang dibaca bukan yang ditulis", "Jangan dipakai sebelum server penyimpanannya diperiksa."
        )
    skew = abs(((found or stored).modified - datetime.now(UTC)).total_seconds())
    if skew > CLOCK_SECONDS:
        return bad(f"jamnya berbeda {skew:.0f} detik", "Samakan jam dengan NTP.")
    return ok(f"{done} di {store.features().where}")


def _host(place: Workplace, entry: HostEntry) -> list[Finding]:
    host = place.host(entry.name)
    now = float(host.run(["date", "+%s"]).stdout.strip())
    skew = abs(now - datetime.now(UTC).timestamp())
    if skew > CLOCK_SECONDS:
        return [bad(f"jamnya berbeda {skew:.0f} detik", "Samakan jam dengan NTP.")]
    return [ok(f"login SSH {entry.user}@{entry.address}:{entry.port}, kunci host cocok")]


def _server(place: Workplace, entry: ServerEntry) -> list[Finding]:
    system = next((one for one in place.office.systems if one.server == entry.name), None)
    if system is None:
        return [("DILEWATI", "tidak dipakai sistem mana pun", "")]
    server = place.server(system.id)
    facts, free = server.facts(), server.free_space()
    found = [ok(facts.words)]
    skew = abs((facts.clock - datetime.now(UTC)).total_seconds()) if facts.clock else 0
    if skew > CLOCK_SECONDS:
        found.append(bad(f"jamnya berbeda {skew:.0f} detik", "Samakan jam dengan NTP."))
    if free is None and entry.free_space_gib is None:
        found.append(
            bad("ruang kosong tidak dapat diukur", "Isi data_host (diukur lewat SSH) atau free_space_gib.")
        )
    elif free is not None:
        found.append(ok(f"ruang basis data {format_bytes(free)}"))
    for one in place.office.systems:
        if one.server == entry.name:
            found += [bad(fault.message, fault.hint) for fault in place.server(one.id).check_logins()]
    return list(dict.fromkeys(found))


def _system(place: Workplace, system: System) -> list[Finding]:
    server, found = place.server(system.id), []
    for name in system.databases:
        faults = server.check_dump(name)
        if not faults:
            faults = [*server.check_restore(name, server.properties(name)), *server.bridges(name)]
        found += [bad(fault.message, fault.hint) for fault in faults] or [
            ok(f"'{name}' dapat di-back up dan di-restore")
        ]
    return found


def _channels(place: Workplace) -> list[Finding]:
    if not place.channels:
        return [
            bad("belum ada saluran pesan", "Isi mail atau channels agar pemohon dan pejabat diberi tahu.")
        ]
    found = [_channel(channel) for channel in place.channels]
    if not any(channel.addressed for channel in place.channels):
        found.append(
            bad(
                "belum ada server surel: surat kepada pemohon, pejabat, dan OPD tidak terkirim",
                "Isi mail di berkas kantor; channels hanya membawa pemberitahuan untuk kantor sendiri.",
            )
        )
    return found


def _channel(channel: Channel) -> Finding:
    check = getattr(channel, "check", None)
    if check is None:
        return "DILEWATI", f"{channel.name}: tidak dapat diuji tanpa mengirim", ""
    check()
    return ok(f"{channel.name}: server menerima login, tidak ada yang dikirim")


def _prefect(place: Workplace) -> list[Finding]:
    found: list[Finding] = []
    with closing(place.orchestrator()) as api:
        wanted = f"berkas-kantor:{deployment_digest(place.office)[:16]}"
        for name in DEPLOYMENTS:
            tags = api.deployment_tags(name)
            if tags is None:
                found.append(bad(f"alur '{name}' belum terpasang", "Jalankan `jaga apply`."))
            elif wanted not in tags:
                found.append(
                    bad(f"alur '{name}' dipasang dari berkas kantor yang lain", "Jalankan `jaga apply`.")
                )
        if not api.has_worker(place.office.prefect.work_pool):
            found.append(
                bad(
                    f"tidak ada worker yang hidup di pool '{place.office.prefect.work_pool}'",
                    "Mulai layanan jagadata-worker.",
                )
            )
    return found or [ok("server menjawab, semua alur terpasang dan sesuai, worker hidup")]
