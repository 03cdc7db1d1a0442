"""What `jaga doctor` makes of a store whose key has fewer rights."""

from __future__ import annotations

import pytest

from jagadata.backup.checks import check_roles
from jagadata.cli.tables import print_checks
from jagadata.errors import RefusedError
from jagadata.findings import Check
from jagadata.lab.memory_channel import MemoryChannel
from jagadata.lab.memory_store import MemoryStore
from jagadata.upkeep.doctor import _channels, _merge, _write_and_read
from tests.lab.small_office import Stores, make_place


class KeptStore(MemoryStore):
    """Its key may not delete."""

    def remove(self, stored):
        raise RefusedError(f"delete_object {stored.key} ditolak oleh {self.name}: AccessDenied.")


def test_a_key_that_may_not_delete_is_no_fault_of_a_worker():
    state, finding, _action = _write_and_read(KeptStore("utama"))
    assert state == "OK"
    assert "tidak boleh menghapus" in finding


ROLES = ("staf_aplikasi", "staf_infrastruktur", "kasi_infrastruktur")


def test_a_role_that_nobody_holds_and_a_checker_who_performs_are_told_before_the_month(monkeypatch):
    duties = [{"role": role} for role in ROLES]
    with make_place(monkeypatch, duties=duties) as place:
        assert "tidak ada pemegang hari ini: kasi_aplikasi" in check_roles(place)[0][1]
    with (
        make_place(monkeypatch, duties=[*duties, {"role": "kasi_aplikasi"}]) as place,
        pytest.raises(RefusedError, match="pelaksana sendiri"),  # `examine` makes a finding of it
    ):
        check_roles(place)


def test_an_office_that_has_rooms_only_is_told_that_letters_reach_nobody(monkeypatch):
    connections = Stores()
    connections.channel = MemoryChannel("ruang", addressed=False)
    with make_place(monkeypatch, connections) as place:
        states = {finding: state for state, finding, _action in _channels(place)}
    assert (
        states["belum ada server surel: surat kepada pemohon, pejabat, dan OPD tidak terkirim"] == "MASALAH"
    )


def test_a_host_s_fault_is_told_once_with_what_it_hits_and_hides_no_other():
    away = "Host 'app1' tidak dapat dihubungi."
    checks = [
        Check(group="Host", subject="app1", state="MASALAH", finding=away, action="Periksa jaringan."),
        Check(group="Sistem", subject="simpeg", state="OK", finding="basis data baik"),
        Check(group="Sistem", subject="simpeg", state="MASALAH", finding=away, action="Periksa jaringan."),
        Check(group="Sistem", subject="e-surat", state="MASALAH", finding=away, action="Periksa jaringan."),
        Check(group="Sistem", subject="e-surat", state="MASALAH", finding="hak kurang", action="Beri hak."),
        Check(group="Sistem", subject="e-surat", state="OK", finding="basis data baik"),
    ]
    merged = _merge(checks)
    assert [one.finding for one in merged] == [
        f"{away} (juga mengenai: simpeg, e-surat)",
        "basis data baik",
        "hak kurang",
        "basis data baik",
    ]


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("Periksa penyimpanan dengan `jaga doctor`, lalu ulangi.", "Periksa penyimpanan, lalu ulangi."),
        ("Perbaiki di host itu, lalu periksa dengan `jaga doctor`.", "Perbaiki di host itu."),
    ],
)
def test_a_hint_never_leads_back_to_where_it_is_read(hint, shown):
    assert (
        _merge([Check(group="a", subject="b", state="MASALAH", finding="c", action=hint)])[0].action == shown
    )


def test_lines_fit_a_file(capsys):
    print_checks(
        [Check(group="Host", subject="app1", state="MASALAH", finding="kata " * 200, action="aksi " * 90)]
    )
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("kata") for line in lines) == 200
