"""Headings as official tables print them: several rows, units below, two languages, words in brackets, look-alike words."""

from __future__ import annotations

import pytest

from tests.lab.tables import FIVE, number, pairs, read, words

AREA = (
    words(key=True),
    number("Luas Panen", "number", unit="hektare"),
    number("Produksi", "number", unit="ton"),
)
CROPS = [[name, 100.5 + at, 500.5 + at] for at, name in enumerate(FIVE)]
SEXES = (words(key=True), number("Laki-laki"), number("Perempuan"))
PEOPLE = [[name, 100 + at, 110 + at] for at, name in enumerate(FIVE)]


@pytest.mark.parametrize(
    ("lines", "merge"),
    [
        ([["Kecamatan", "Luas Panen", "Produksi"], [None, "(ha)", "(ton)"]], ()),
        ([["Kecamatan", "Luas Panen", "Produksi"], [None, "ha", "ton"]], ("A1:A2",)),
        ([["Kecamatan", "Luas Panen", "Produksi"], [None, "(Hektar)", "(Ton)"], ["(1)", "(2)", "(3)"]], ()),
        ([["Kecamatan", "Luas", "Produksi"], [None, "Panen", "Padi"], [None, "(ha)", "(ton)"]], ()),
        (
            [
                ["Kecamatan", "Luas Panen", "Produksi"],
                ["Subdistrict", "Harvested Area", "Production"],
                [None, "(ha)", "(ton)"],
            ],
            (),
        ),
    ],
)
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_units_and_translations_below_a_heading_belong_to_it(lines, merge, kind):
    seen = read(
        [*lines, *CROPS],
        AREA,
        merge=merge if kind == "xlsx" else (),
        file=f"data.{kind}",
        name="Luas Panen dan Produksi Padi",
    )

    assert seen.complete
    assert seen.rows == CROPS
    assert "satuan-tidak-disebut" not in seen.found


@pytest.mark.parametrize(
    "lines",
    [
        [["Satuan", "ha", "ton"]],
        [[], [None, "(ha)", "(ton)"]],
        [["(kecamatan)", "(ha)", "(ton)"], [], ["(1)", "(2)", "(3)"]],
    ],
)
def test_units_below_a_blank_row_or_named_as_such_belong_to_the_heading(lines):
    seen = read([["Kecamatan", "Luas Panen", "Produksi"], *lines, *CROPS], AREA)

    assert seen.complete
    assert seen.rows == CROPS


def test_the_first_row_of_a_list_in_english_is_a_row():
    rows = [["Nama", "Jenis"], ["Village Hotel", "Private"], ["Bank", "Public"]]

    assert len(read(rows, (words("Nama", key=True), words("Jenis"))).rows) == 2


def test_a_unit_below_a_heading_that_is_not_the_one_asked_for_is_sent_back():
    seen = read([["Kecamatan", "Luas Panen", "Produksi"], [None, "(m2)", "(kw)"], *CROPS], AREA)

    assert seen.faults == {"satuan-berbeda"}


@pytest.mark.parametrize(
    "parts", [["PNS", "Non PNS"], ["Laki-laki", "Perempuan"], ["Negeri", "Swasta"], ["2025", "2026"]]
)
def test_parts_of_a_heading_that_was_not_asked_for_are_no_row(parts):
    rows = [["No", "Kecamatan", "Jumlah Sekolah", "Guru", None], [None, None, None, *parts],
            *([at, name, 10 + at, 50, 20] for at, name in enumerate(FIVE, 1))]  # fmt: skip
    columns = (words(key=True), number("Jumlah Sekolah"))
    for merge in (("A1:A2", "B1:B2", "C1:C2", "D1:E1"), ()):
        seen = read(rows, columns, merge=merge)
        assert seen.complete
        assert seen.column() == [11, 12, 13, 14, 15]


@pytest.mark.parametrize(
    "parts", [["L", "P"], ["Negeri", "Swasta"], ["2025", "2026"], ["Target", "Realisasi"]]
)
def test_parts_of_a_heading_that_was_asked_for_whole_are_sent_back(parts):
    rows = [["Kecamatan", "Jumlah Siswa", None], [None, *parts], *PEOPLE]
    columns = (words(key=True), number("Jumlah Siswa"))

    for merge in (("A1:A2", "B1:C1"), ()):
        assert read(rows, columns, merge=merge).faults & {"judul-ganda", "judul-mirip"}


def test_the_whole_beside_its_parts_is_what_was_asked_for():
    rows = [
        ["Kecamatan", "Jumlah Siswa", None, None],
        [None, "L", "P", "Jumlah"],
        *([name, 4, 5, 9 + at] for at, name in enumerate(FIVE)),
    ]
    seen = read(rows, (words(key=True), number("Jumlah Siswa")), merge=("A1:A2", "B1:D1"))

    assert seen.faults or seen.column() == [9, 10, 11, 12, 13]


@pytest.mark.parametrize(
    "head",
    [
        ["Kecamatan\nSubdistrict", "Laki-laki\nMale", "Perempuan\nFemale"],
        ["Kecamatan / Subdistrict", "Laki-laki / Male", "Perempuan / Female"],
        ["Kecamatan/District", "Laki-laki/Men", "Perempuan/Women"],
        ["Kecamatan Subdistrict", "Laki-Laki Male", "Perempuan Female"],
        ["Kecamatan (Subdistrict)", "Laki-laki (Male)", "Perempuan (Female)"],
        [
            "Kecamatan | Subdistrict",
            "Laki-laki (orang) / Male (person)",
            "Perempuan (orang) / Female (person)",
        ],
    ],
)
def test_a_heading_in_two_languages_is_read_by_its_indonesian_half(head):
    seen = read([head, *PEOPLE], SEXES)

    assert seen.complete
    assert seen.rows == PEOPLE


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("Jumlah", "Jumlah\nTotal"), ("Luas Panen", "Luas Panen\nHarvested Area\n(ha)"), ("Jumlah Penduduk", "Jumlah\nPenduduk\nPopulation"),
        ("Kepadatan Penduduk", "Kepadatan Penduduk per km2\nPopulation Density per sq.km"), ("Produksi", "Produksi Production (ton)"),
        ("Jumlah Rumah Sakit", "Rumah Sakit/Hospital"),
    ],
)  # fmt: skip
def test_other_headings_in_two_languages(asked, heading):
    seen = read([["Kecamatan", heading], *pairs()], (words(key=True), number(asked)))

    assert len(seen.rows) == 5
    assert seen.complete or seen.faults == {"judul-mirip"}


@pytest.mark.parametrize(
    "heading", ["Rumah Air", "Luas Total Area", "Jumlah Hotel/Bank", "Jumlah (Female)", "Jumlah/Female"]
)
def test_what_is_no_translation_is_not_left_out(heading):
    asked = {"Rumah Air": "Rumah", "Jumlah Hotel/Bank": "Jumlah Hotel"}.get(
        heading, "Jumlah" if "Jumlah" in heading else "Luas"
    )
    seen = read([["Kecamatan", heading], *pairs()], (words(key=True), number(asked)))

    assert seen.faults


@pytest.mark.parametrize("rest", [[], [["(1)", "(2)", "(3)"]]])
def test_a_heading_over_four_lines_of_a_csv_is_one(rest):
    lines = [
        ["Kecamatan", "Jumlah", "Jumlah"],
        ["", "Penduduk", "Penduduk"],
        ["", "Laki-laki", "Perempuan"],
        ["", "(orang)", "(orang)"],
        *rest,
    ]
    seen = read([*lines, *PEOPLE], SEXES, file="data.csv")

    assert seen.complete
    assert seen.rows == PEOPLE


def test_words_of_one_heading_over_four_lines_are_joined():
    lines = [
        ["Kecamatan", "Rata-rata", "Jumlah"],
        ["", "Lama", "Penduduk"],
        ["", "Sekolah", "Usia"],
        ["", "(tahun)", "Kerja"],
    ]
    columns = (
        words(key=True),
        number("Rata-rata Lama Sekolah", unit="tahun"),
        number("Jumlah Penduduk Usia Kerja"),
    )
    seen = read([*lines, *PEOPLE], columns, file="data.csv")

    assert seen.complete
    assert seen.rows == PEOPLE


def test_of_four_rows_with_the_same_last_ones_none_is_chosen():
    rows = [["Kecamatan", "Penduduk", None, None, None], [None, "WNI", None, "WNA", None], [None, "Dewasa", None, "Dewasa", None],
            [None, "Laki-laki", "Perempuan", "Laki-laki", "Perempuan"], *([*row, 3, 4] for row in PEOPLE)]  # fmt: skip
    seen = read(rows, SEXES, merge=("A1:A4", "B1:E1", "B2:C2", "D2:E2", "B3:C3", "D3:E3"))

    assert seen.faults == {"judul-ganda"}
    assert "WNI" in seen.texts
    assert "WNA" in seen.texts


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("Jumlah Penduduk", "Jumlah Penduduk (Laki-laki)"), ("Luas Panen", "Luas Panen (target)"), ("Jumlah Siswa", "Jumlah Siswa (L)"),
        ("Jumlah Siswa", "Jumlah Siswa [miskin]"), ("Anggaran", "Anggaran (Realisasi)"), ("Jumlah Guru", "Guru (honorer)"),
        ("Jumlah Pelanggan", "Jumlah Pelanggaran"), ("Jumlah Penerima", "Jumlah Penerimaan"), ("Jumlah Pekerja", "Jumlah Pekerjaan"),
        ("Jumlah Pelayanan", "Jumlah Pelayaran"), ("Pencairan Dana", "Pencarian Dana"), ("Jumlah Perumahan", "Jumlah Perubahan"),
        ("Jumlah Jembatan", "Jumlah Jabatan"), ("Jumlah Penduduk (Laki-laki)", "Jumlah Penduduk"), ("Jumlah Pendidik", "Jumlah Pendidikan"),
        ("Jumlah Kematian Bayi", "Angka Kematian Bayi"), ("Jumlah Penduduk (2026)", "Jumlah Penduduk (2025)"), ("Jumlah 2026", "Jumlah 2025"),
        ("Jumlah Pasien", "Jumlah Pasien (rawat inap)"), ("Kasus per 100.000 penduduk", "Kasus per 1.000 penduduk"), ("Luas Panen", "Luas Tanam"),
    ],
)  # fmt: skip
def test_a_heading_of_something_else_is_never_taken_in_silence(asked, heading):
    seen = read([["Kecamatan", heading], *pairs()], (words(key=True), number(asked)))

    assert not seen.complete
    assert seen.faults & {"judul-mirip", "kolom-tidak-ada", "data-tidak-dikenali"}


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("Jumlah Penduduk", "Jumlah Penduduk (orang)"), ("Jumlah Penduduk", "Jumlah Penduduk (jiwa)"), ("Jumlah Siswa", "Jumlah Siswa (L+P)"),
        ("Jumlah Siswa", "Jumlah Siswa (L/P)"), ("Jumlah Sekolah", "Jumlah Sekolah (unit)"), ("Jumlah", "Jumlah (wajib diisi)"),
        ("Jumlah", "Jumlah (2026)"), ("Jumlah", "Jumlah (31 Desember 2026)"), ("Jumlah", "Jumlah (3)"), ("Jumlah", "Jumlah (angka)"),
        ("Jumlah Pelanggan", "Jumlah Pelangan"), ("Jumlah Penduduk", "Jml. Pendudk"), ("Jumlah Penduduk (Laki-laki)", "Jumlah Penduduk Laki-laki"),
        ("Jumlah Perempuan", "Jumlah Perempun"), ("Jumlah Kelas", "Jumlah Kelas (ruang)"), ("Luas Wilayah", "Luas Wilayah (km2)"),
        ("Produksi", "Produksi (m3)"), ("Produksi Padi", "Produksi Padi (ton GKG)"), ("Jumlah Kasus", "Jumlah Kasus 1)"), ("Jumlah Kasus", "Jumlah Kasus*"),
        ("Jumlah Kasus", "Jumlah Kasus\u00b2"), ("Umur Harapan Hidup", "Umur Harapan Hidup (UHH)"), ("Jumlah Puskesmas", "Puskesmas"),
        ("Jumlah Penduduk", "Jumlah Penduduk (BPS, 2026)"), ("Kepadatan", "Kepadatan per km2"),
    ],
)  # fmt: skip
def test_a_heading_with_a_unit_a_note_or_a_slip_is_the_one_asked_for(asked, heading):
    seen = read([["Kecamatan", heading], *pairs()], (words(key=True), number(asked)))

    assert seen.complete
    assert seen.column() == [100, 101, 102, 103, 104]


def test_choices_and_notes_in_the_brackets_of_a_text_are_no_other_column():
    rows = [
        ["Kecamatan (pilih)", "Status (Negeri/Swasta)", "Alamat (sesuai KTP)", "Jumlah"],
        *([name, "Negeri", "Jl. A", 5] for name in FIVE),
    ]

    assert read(rows, (words(key=True), words("Status"), words("Alamat"), number())).complete


def test_a_word_of_the_data_sets_own_name_in_brackets_is_no_other_column():
    rows = [["Kecamatan", "Jumlah (Puskesmas)"], *pairs()]

    assert read(rows, (words(key=True), number()), name="Jumlah Puskesmas").complete


@pytest.mark.parametrize(
    ("asked", "said", "fits"),
    [
        ("ribu orang", "(ribu)", True), ("ribu orang", "(dalam ribuan)", True), ("orang", "(ribu)", False), ("orang", "(ribu orang)", False),
        ("per 100.000 penduduk", "(per 1000 penduduk)", False), ("per 100.000", "(per 1.000)", False), ("per 1.000 kelahiran hidup", "(per 1000 KH)", True),
        ("per 1.000 kelahiran hidup", "(per 1000)", True), ("per 100.000 penduduk", "(per 100 000 penduduk)", True), ("per 1.000", "(‰)", True),
        ("per 1.000 penduduk", "(per seribu penduduk)", True), ("juta rupiah", "(Rp juta)", True), ("juta rupiah", "(juta)", True),
    ],
)  # fmt: skip
def test_units_are_compared_by_what_they_say(asked, said, fits):
    columns = (words(key=True), number("Kasus", "number", unit=asked))
    by_heading = read([["Kecamatan", f"Kasus {said}"], *pairs()], columns)

    assert by_heading.complete == fits
    assert by_heading.faults == (set() if fits else {"satuan-berbeda"})


@pytest.mark.parametrize(
    ("title", "asked", "fits"),
    [
        ("Angka Kematian Ibu per 1.000 Penduduk", "per 100.000 penduduk", False), ("Kasus DBD per 100.000 penduduk", "per 100.000 penduduk", True),
        ("Penduduk (dalam ribuan)", "ribu orang", True), ("Penduduk (ribu)", "ribu orang", True), ("Penduduk (juta)", "ribu orang", False),
        ("Satuan: ribu orang", "ribu orang", True), ("Satuan: ribu", "ribu orang", True),
    ],
)  # fmt: skip
def test_units_in_the_title_are_compared_too(title, asked, fits):
    seen = read(
        [[title], ["Kecamatan", "Kasus"], *pairs()], (words(key=True), number("Kasus", "number", unit=asked))
    )

    assert seen.complete == fits


def test_a_percentage_is_no_count():
    seen = read(
        [["Kecamatan", "Luas Panen (%)"], *pairs()],
        (words(key=True), number("Luas Panen", "number")),
        unit="hektare",
    )

    assert seen.faults == {"satuan-berbeda"}
