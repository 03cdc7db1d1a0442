"""The plan and its impact as lines for people: what the approver reads before deciding. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jagadata.text.formats import format_bytes, format_number

if TYPE_CHECKING:
    from jagadata.restore.request import Impact, Plan

MODES = {
    "sop": "layanan dihentikan lebih dahulu, data dipulihkan selama layanan berhenti (sesuai urutan SOP)",
    "minimal": "data dipulihkan di samping; layanan dihentikan hanya saat pertukaran",
    "uji": "restore uji: layanan tidak dihentikan, data berjalan tidak disentuh",
    "rollback": "pengembalian: data sebelum restore terakhir mendapat kembali namanya",
}
MOST_TABLES = 12


def make_plan_facts(plan: Plan, impact: Impact) -> list[tuple[str, str]]:
    """Label and value of each line; tables are listed where their rows differ, the largest difference first."""
    facts = [
        ("Cara", MODES[plan.mode]),
        ("Back up", plan.backup or "-"),
        ("Basis data", ", ".join(_data_set(item.name, item.identity) for item in plan.data)),
        ("Layanan yang dihentikan (berurutan)", ", ".join(plan.services) or "tidak ada"),
        ("Perkiraan layanan berhenti", _minutes(impact.minutes_off)),
        ("Perkiraan seluruhnya", _minutes(impact.minutes_total)),
        (
            "Jumlah baris sekarang → setelah restore",
            f"{_rows(impact.live_rows)} → {_rows(impact.backup_rows)}",
        ),
        *_tables(impact),
        ("Ruang yang diperlukan / tersedia", f"{format_bytes(impact.needed_space)} / {_space(impact)}"),
    ]
    if impact.sessions:
        what = (
            "akan diakhiri"
            if impact.ends_sessions
            else "harus ditutup lebih dahulu, jika tidak restore ditolak"
        )
        facts.append((f"Sesi basis data ({len(impact.sessions)}) {what}", "; ".join(impact.sessions[:5])))
    if impact.taken_down_too:
        facts.append(("Aplikasi lain yang ikut berhenti", ", ".join(impact.taken_down_too)))
    if impact.missing_roles:
        facts.append(("Peran yang dibuat tanpa hak masuk (NOLOGIN)", ", ".join(impact.missing_roles)))
    tolerance = format_number(round(100 * impact.limits.get("live_rows_change", 0)))
    floor = format_number(round(impact.limits.get("live_rows_floor", 0)))
    facts.append(
        (
            "Batas",
            f"ditolak bila jumlah baris berubah lebih dari {tolerance}% (dan lebih dari {floor} baris) atau ruang kurang saat akan dimulai",
        )
    )
    facts += [("Keterangan", remark) for remark in impact.remarks]
    facts.append(("Hash rencana", plan.hash))
    return facts


def _data_set(name: str, identity: str | None) -> str:
    return f"{name} ({identity})" if identity is not None else f"{name} (belum ada)"


def _minutes(minutes: float) -> str:
    return "tidak berhenti" if minutes == 0 else f"sekitar {format_number(minutes)} menit"


def _rows(count: int | None) -> str:
    return "tidak dapat dihitung" if count is None else format_number(count)


def _space(impact: Impact) -> str:
    if impact.free_space is None:
        return "tidak dapat diukur"
    return format_bytes(impact.free_space) + (" (dinyatakan, tidak diukur)" if impact.space_declared else "")


def _tables(impact: Impact) -> list[tuple[str, str]]:
    changed = [(table, live, backup) for table, (live, backup) in impact.rows.items() if live != backup]
    changed.sort(key=lambda item: abs((item[1] or 0) - item[2]), reverse=True)
    lines = [
        (f"Tabel {table}", f"{_rows(live)} → {_rows(backup)} baris")
        for table, live, backup in changed[:MOST_TABLES]
    ]
    if len(changed) > MOST_TABLES:
        lines.append(("Tabel lain yang berbeda", format_number(len(changed) - MOST_TABLES)))
    return lines
