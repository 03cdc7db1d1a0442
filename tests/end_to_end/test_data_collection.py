"""SOP Pengumpulan Data through Prefect: one run from the proposal to the inventory, the intake beside it, signed off at every gate."""

from __future__ import annotations

import time

from jagadata.collection.run import RoundRun
from jagadata.demo.agencies import broken_file, good_file, mended_file

ROUND = "SOP Pengumpulan Data/putaran"
INTAKE = "Penerimaan Data/penerimaan"


def drop(deployed, agency, name, content):
    """A file that has settled."""
    folder = deployed.folder / "kiriman" / agency
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    time.sleep(1)


def take_in(deployed):
    run = deployed.api.run(INTAKE, {})
    assert deployed.end(run).kind == "COMPLETED", deployed.log()


def subjects(deployed, address):
    return [str(mail["subject"]) for mail in deployed.office.mail.messages() if mail["to"] == address]


def test_a_round_runs_through_prefect_and_a_second_run_of_it_is_refused(deployed):
    api = deployed.api
    run = api.run(ROUND, {"perintah": {"putaran": "2031 semester 2"}})
    wrong = {"batas_waktu": "2020-01-01"}
    deployed.sign(run, "Diajukan", "wahyu", values=wrong)
    gate = api.gate(run, 60)
    assert "Isian sebelumnya belum dapat diterima" in gate.text
    deployed.sign(run, "Diajukan", "wahyu", values={"tempat": "Pendopo Manggala"})
    deployed.sign(run, "Disetujui", "endang")
    deployed.sign(run, "Ditandatangani", "hadi")
    second = api.run(ROUND, {"perintah": {"putaran": "2031 semester 2"}})
    refused = deployed.end(second)
    assert refused.kind == "FAILED"
    assert "sedang berjalan pada run" in refused.message
    held = {"hadir": ["bkpsdm", "dinkes"], "notulen": "Sepakat."}
    deployed.sign(run, "Rapat dilaksanakan", "wahyu", values=held)
    assert "belum dimulai" in api.gate(run, 60).text
    deployed.sign(run, "Rapat dilaksanakan", "wahyu", values={**held, "sudah_dilaksanakan": True})
    api.gate(run, 60)
    drop(deployed, "bkpsdm", "asn.xlsx", good_file(2031))
    drop(deployed, "dinkes", "puskesmas.xlsx", broken_file(2031))
    take_in(deployed)
    drop(deployed, "dinkes", "puskesmas 2.xlsx", mended_file(2031))
    take_in(deployed)
    deployed.sign(run, "Ditutup", "wahyu")
    ended = deployed.end(run)
    assert ended.state == "Selesai", (ended, deployed.log())
    with deployed.office.place() as place:
        done = RoundRun(place, run)
        assert done.journal.outcome("4") == {"asked": 3, "complete": 2}
        assert [one.place for one in (done.proposal,)] == ["Pendopo Manggala"]
    assert [text.partition(" Semester")[0] for text in subjects(deployed, "dishub@example.id")][:2] == [
        "Undangan Rapat Koordinasi dan Permintaan Data",
        "Hasil rapat koordinasi pengumpulan data",
    ]
    assert any("Selesai" in text for text in subjects(deployed, "hadi@example.id"))
    assert sorted(
        path.parent.parent.name for path in deployed.folder.glob("publikasi/*/*/datapackage.json")
    ) == [
        "asn-golongan",
        "puskesmas",
    ]
