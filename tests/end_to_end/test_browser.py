"""Staff start a restore from the Prefect UI's form, and the Kasi approves it in the Resume dialog: headless Chromium."""

from __future__ import annotations

import contextlib

import pytest

from tests.lab.browser import open_browser
from tests.lab.waiting import wait_until


@pytest.mark.needs("chromium", "chromedriver")
def test_a_restore_is_asked_for_and_approved_in_the_prefect_ui(deployed, tmp_path):
    office, api, url = deployed.office, deployed.api, deployed.server.url
    office.fill()
    with office.place() as place:
        assert office.back_up(place, "peramban").failures() == []
    office.sql("DELETE FROM aplikasi.surat")
    waiting = {run.id for run in api.pending()}
    deployment = api.call("GET", "/deployments/name/SOP%20Restore%20Data/permohonan")["id"]
    with open_browser() as page:
        sign_in(page, deployed)
        page.open(f"{url}/deployments/deployment/{deployment}/run")
        page.choose("Nama aplikasi", office.application.system)
        page.fill("Nama pemohon", "Dewi Lestari, S.E.")
        page.fill("Unit kerja", "BKPSDM")
        page.fill("Uraian kerusakan data", "Semua surat hilang")
        page.fill("Dasar/alasan permohonan", "Pelayanan terhenti")
        page.fill("Email", "dewi@example.id")
        page.picture(tmp_path / "formulir.png")
        submit(page, lambda: not page.address().endswith("/run"))
        found = page.wait(lambda: [run for run in api.pending() if run.id not in waiting], 120)
        run = found[0].id
        api.gate(run, 30)
        page.open(api.ui_url(run))
        page.press("Resume")
        page.choose("Keputusan", "Menyetujui")
        page.choose("Penandatangan", "[rina]")
        page.fill("Catatan", "disetujui di UI")
        text = page.text()
        page.picture(tmp_path / "persetujuan.png")
        submit(page, lambda: api.read(run).state != "Suspended")
        for words in ("Hash rencana", "Layanan yang dihentikan", "Dewi Lestari", "BKPSDM"):
            assert words in text
    deployed.sign(run, "Diterima pemohon", "agus", "telepon")
    assert deployed.end(run).state == "Selesai"
    assert office.letters() == 200


def submit(page, taken):
    """The form's or the dialog's button; pressed again where a page that still moves lost the click."""
    for _attempt in range(3):
        page.press("Submit")
        with contextlib.suppress(AssertionError):
            wait_until(taken, 20)
            return
    pytest.fail(f"the form was not taken: {page.text()[-2000:]}")


def sign_in(page, deployed):
    """The UI asks for the server's auth string once."""
    page.open(deployed.server.url)
    page.driver.execute_script(
        "window.localStorage.setItem('prefect-password', btoa(arguments[0]))", deployed.server.auth
    )
