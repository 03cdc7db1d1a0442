"""Tables as offices really write them: expected to be understood, or sent back with what is wrong."""

from __future__ import annotations

from datetime import date

from tests.lab.corpus.asked import (
    KECAMATAN,
    PEOPLE_HEAD,
    RICE_HEAD,
    SCHOOL_HEAD,
    SIGNING,
    people,
    rice,
    schools,
)
from tests.lab.corpus.case import Case
from tests.lab.corpus.makers import again, book, old_book, open_document, page, text


def _merged(*ranges):
    def change(made):
        for area in ranges:
            made.active.merge_cells(area)

    return change


def _official():
    """Title, two-row heading with merged cells, numbering, total, signature block."""
    rows = [
        ["PEMERINTAH KABUPATEN TRENGGALEK"],
        ["JUMLAH PENDUDUK MENURUT KECAMATAN DAN JENIS KELAMIN TAHUN 2026"],
        [],
        ["No.", "Kode Wilayah", "Kecamatan", "Tahun", "Jumlah Penduduk (orang)", None, "Ket."],
        [None, None, None, None, "L", "P", None],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)"],
        *([number, *row] for number, row in enumerate(people(), 1)),
        ["Jumlah", None, None, None, sum(row[3] for row in people()), sum(row[4] for row in people())],
        [],
        *([None, None, None, None, *row] for row in SIGNING),
    ]
    return book(
        ("Lampiran I", rows),
        change=_merged(
            "A1:G1",
            "A2:G2",
            "A4:A5",
            "B4:B5",
            "C4:C5",
            "D4:D5",
            "E4:F4",
            "G4:G5",
            f"A{len(rows) - 6}:D{len(rows) - 6}",
        ),
    )


def _hidden(made):
    made["Lama"].sheet_state = "hidden"
    made["Data"].column_dimensions["C"].hidden = True
    made["Data"].row_dimensions[4].hidden = True


def _grouped():
    """Villages below a merged district name, as printed lists have them."""
    rows = [["Jenjang", "NPSN", "Nama Sekolah", "Status", "Jumlah Siswa", "Tanggal Pendataan"]]
    areas = []
    for number, (npsn, name, level, status, pupils, day) in enumerate(schools(12)):
        rows.append([level if number % 4 == 0 else None, npsn, name, status, pupils, day])
        if number % 4 == 0:
            areas.append(f"A{number + 2}:A{number + 5}")
    return book(("Sekolah", rows), change=_merged(*areas))


def _formulas(made):
    for row in range(2, 16):
        made.active[f"E{row}"] = f"=D{row}+400"


def _cached():
    """Formulas with the values that a spreadsheet program stored."""
    data = book(("Data", [PEOPLE_HEAD, *people()]), change=_formulas)
    import io
    import re
    import zipfile

    from tests.lab.corpus.makers import archive

    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    entries[sheet] = re.sub(rb"</f><v\s*/>|</f><v></v>", b"</f><v>20400</v>", entries[sheet])
    return archive(entries)


def _numbers(rows, *, places):
    """Rows with their numbers written by Indonesian rules."""
    return [
        [
            f"{cell:,.{places}f}".translate(str.maketrans(",.", ".,")) if isinstance(cell, float) else cell
            for cell in row
        ]
        for row in rows
    ]


def _summed():
    """Sums of seven rows each and of all, in words of the office's own."""
    rows = rice()

    def total(name, part):
        return [name, None, sum(row[2] for row in part), sum(row[3] for row in part)]

    return book(("Data", [RICE_HEAD, *rows[:7], total("Total Wilayah Barat", rows[:7]), *rows[7:], total("Jml Wilayah Timur", rows[7:]),
                          total("Total Kab. Trenggalek", rows)]))  # fmt: skip


OFFICIAL = {"data-pribadi-di-luar-tabel"}

CASES = (
    Case("01 formulir terisi.xlsx", "formulir kantor, apa adanya", lambda: book(("Data", [PEOPLE_HEAD, *people()])),
         "penduduk", 14),
    Case("02 lampiran resmi.xlsx", "judul, kepala dua baris digabung, baris (1)(2)(3), jumlah, tanda tangan ber-NIP", _official,
         "penduduk", 14, OFFICIAL, ("NIP",)),
    Case("03 format lama.xls", "XLS dengan judul di atas tabel",
         lambda: old_book(("Sheet1", [["LUAS PANEN PADI TAHUN 2026"], [], RICE_HEAD, *rice()])), "padi", 14),
    Case("04 libreoffice.ods", "ODS", lambda: open_document(("Lembar1", [PEOPLE_HEAD, *people()])), "penduduk", 14),
    Case("05 titik koma.csv", "CSV ';' dengan desimal koma dan titik ribuan",
         lambda: text([RICE_HEAD, *_numbers(rice(), places=2)]), "padi", 14),
    Case("06 koma.csv", "CSV ',' UTF-8 dengan BOM, angka bertitik desimal",
         lambda: text([RICE_HEAD, *rice()], ",", "utf-8-sig"), "padi", 14),
    Case("07 tab utf16.txt", "teks bertab UTF-16, 'Unicode Text' dari Excel",
         lambda: text([PEOPLE_HEAD, *people()], "\t", "utf-16"), "penduduk", 14),
    Case("08 windows.csv", "CSV Windows-1252 dengan tanda baca Word",
         lambda: text([[*PEOPLE_HEAD, "Keterangan"], *([*row, "data “sementara” – diperbarui"] for row in people())], ";", "cp1252"),
         "penduduk", 14),
    Case("09 sep.csv", "CSV dengan baris 'sep=;' dari Excel", lambda: b"sep=;\r\n" + text([RICE_HEAD, *_numbers(rice(), places=1)]),
         "padi", 14),
    Case("10 ribuan bertitik.csv", "bilangan bulat bertitik ribuan, '-' sebagai kosong, baris Total",
         lambda: text([PEOPLE_HEAD, *([*row[:3], f"{row[3]:,}".replace(",", "."), "-" if not n else f"{row[4]:,}".replace(",", ".")]
                       for n, row in enumerate(people())), ["Total", "", "", "292.467", "293.881"]]),
         "penduduk", 14, {"kosong"}),
    Case("11 angka teks.xlsx", "angka sebagai teks: '1.234,5', 'Rp', '(…)', spasi",
         lambda: book(("Data", [RICE_HEAD, ["Panggul", "2026", "1.234,5", " 7.000,25 "], ["Munjungan", "Tahun 2026", "812,5 ha", "4.706,25*"],
                                ["Watulimo", 2026, "n/a", "(1.000,5)"]])),
         "padi", 3, {"kosong", "di-bawah-batas"}),
    Case("12 titik desimal.csv", "titik sebagai desimal di seluruh tabel, satu kolom tanpa petunjuk",
         lambda: text([RICE_HEAD, ["Panggul", 2026, "812.5", "4.706"], ["Munjungan", 2026, "843.75", "4.918"]], ";"),
         "padi", 2, {"angka-bermakna-ganda"}),
    Case("13 tanggal indonesia.xlsx", "tanggal: teks Indonesia, nomor seri, tanggal asli, bulan salah tulis",
         lambda: book(("Data", [SCHOOL_HEAD, *([*row[:5], day] for row, day in zip(schools(6), (
             "31 Juli 2026", "5 Pebruari 2026", "Senin, 6-Jul-26", 46209, date(2026, 7, 1), "01.07.2026"), strict=True))])),
         "sekolah", 6),
    Case("14 tanggal salah.xlsx", "tanggal yang tidak ada", lambda: book(("Data", [SCHOOL_HEAD, *schools(5),
         ["20549999", "SD Contoh", "SD", "Negeri", 9, "31 Februari 2026"]])), "sekolah", 6, {"jenis-isi-salah"}),
    Case("15 per tahun.xlsx", "satu lembar setiap tahun, kolom tahun tidak ada",
         lambda: book(*((str(year), [[*PEOPLE_HEAD[:2], *PEOPLE_HEAD[3:]], *([*row[:2], *row[3:]] for row in people(year))])
                        for year in (2025, 2026))), "penduduk", 28, {"tahun-dari-judul"}),
    Case("16 banyak lembar.xlsx", "dua data dan satu lembar petunjuk",
         lambda: book(("Petunjuk", [["Isi lembar berikut"], ["1. Jangan ubah judul kolom"]]), ("Penduduk", [PEOPLE_HEAD, *people()]),
                      ("Padi", [RICE_HEAD, *rice()])), "padi, penduduk", 28, {"lembar-tidak-dikenali"}),
    Case("17 tersembunyi.xlsx", "lembar, kolom, dan baris tersembunyi",
         lambda: book(("Data", [PEOPLE_HEAD, *people()]), ("Lama", [PEOPLE_HEAD, *people(2025)]), change=_hidden),
         "penduduk", 14, {"lembar-tersembunyi", "tersembunyi"}),
    Case("18 digabung ke bawah.xlsx", "jenjang digabung ke bawah untuk beberapa sekolah", _grouped, "sekolah", 12),
    Case("19 judul singkat.xlsx", "judul disingkat dan salah ketik",
         lambda: book(("Data", [["Kd. Wilayah", "Nama Kec.", "Thn", "Jml Penduduk Laki2 (jiwa)", "Perempun (jiwa)"], *people()])),
         "penduduk", 14, {"judul-mirip"}),
    Case("20 kolom kurang.xlsx", "kolom perempuan tidak ada, ada kolom lain",
         lambda: book(("Data", [[*PEOPLE_HEAD[:4], "KK"], *people()])), "penduduk", 14, {"kolom-tidak-ada", "kolom-tidak-dikenal"}),
    Case("21 kolom kosong.xlsx", "kolom dan baris kosong di antara tabel, tabel mulai di C5",
         lambda: book(("Data", [[], [], [], [], [None, None, *_spaced(PEOPLE_HEAD)], *([None, None, *_spaced(row)] for row in people(count=7)), [],
                                *([None, None, *_spaced(row)] for row in people()[7:])])), "penduduk", 14, {"baris-kosong"}),
    Case("22 ribuan berulang.csv", "5.000 kesalahan yang sama dan baris ganda",
         lambda: text([SCHOOL_HEAD, *([*row[:4], "banyak", row[5]] for row in schools(5000)), *([*row[:4], "banyak", row[5]] for row in schools(2))]),
         "sekolah", 5002, {"jenis-isi-salah", "baris-ganda"}),
    Case("23 kunci ganda.xlsx", "kecamatan dan tahun sama, angka berbeda",
         lambda: book(("Data", [RICE_HEAD, *rice(), ["Panggul", 2026, 1, 2]])), "padi", 15, {"kunci-ganda"}),
    Case("24 di luar batas.xlsx", "angka negatif, luas mustahil, pilihan tidak dikenal",
         lambda: book(("Padi", [RICE_HEAD, ["Panggul", 2026, 81250, -3.0]]), ("Sekolah", [SCHOOL_HEAD, ["1", "SD", "TK", "negeri", 5, "1/7/2026"]])),
         "padi, sekolah", 2, {"di-atas-batas", "di-bawah-batas", "isi-tidak-dikenal"}),
    Case("25 satuan lain.xlsx", "luas dalam m2, produksi dalam kuintal",
         lambda: book(("Data", [["Kecamatan", "Tahun", "Luas Panen (m2)", "Produksi (kw)"], *rice(count=3)])), "padi", 3, {"satuan-berbeda"}),
    Case("26 dalam ribuan.xlsx", "judul menyebut 'dalam ribuan'",
         lambda: book(("Data", [["PENDUDUK TAHUN 2026 (dalam ribuan)"], [], [head.replace(" (orang)", "") for head in PEOPLE_HEAD], *people()])),
         "penduduk", 14, {"satuan-berbeda"}),
    Case("27 tanpa satuan.xlsx", "satuan tidak disebut", lambda: book(("Data", [["Kecamatan", "Tahun", "Luas Panen", "Produksi"], *rice()])),
         "padi", 14, {"satuan-tidak-disebut"}),
    Case("28 tahun lalu.xlsx", "data tahun lalu dikirim lagi", lambda: book(("Data", [PEOPLE_HEAD, *people(2025)])), "penduduk", 14,
         {"tahun-tidak-tercakup"}),
    Case("29 kode wilayah.csv", "kode luar kabupaten, terlalu pendek, dan berupa kata",
         lambda: text([PEOPLE_HEAD, *people(count=6), ["3504010", "Besole", 2026, 1, 2], ["350301", "Panggul", 2026, 3, 4], ["35030", "Pule", 2026, 1, 2],
                       ["Kec. Tugu", "Tugu", 2026, 5, 6]]), "penduduk", 10, {"kode-wilayah-luar", "kode-wilayah-salah"}),
    Case("30 kode bertitik.xlsx", "kode Permendagri bertitik",
         lambda: book(("Data", [PEOPLE_HEAD, *([f"35.03.{n:02}", *row[1:]] for n, row in enumerate(people(), 1))])), "penduduk", 14),
    Case("31 terlalu sedikit.xlsx", "baru tiga kecamatan", lambda: book(("Data", [PEOPLE_HEAD, *people(count=3)])), "penduduk", 3, {"baris-kurang"}),
    Case("32 tahun berjajar.xlsx", "tahun sebagai kolom",
         lambda: book(("Padi", [["Kecamatan", "Luas Panen (ha)", "2024", "2025", "2026"], *([name, 10, 1, 2, 3] for name in KECAMATAN)])),
         "", 0, {"data-tidak-dikenali"}),
    Case("33 kepala berulang.csv", "kepala tabel diulang tiap halaman, cetakan aplikasi",
         lambda: text([PEOPLE_HEAD, *people(count=7), PEOPLE_HEAD, *people()[7:], ["Dicetak pada 05/01/2027", "", "", "", ""]], ","), "penduduk", 14),
    Case("34 ekspor aplikasi.xls", "HTML bernama .xls", lambda: page([PEOPLE_HEAD, *people()], "<h1>Penduduk 2026</h1>"), "penduduk", 14, {"html"}),
    Case("35 rumus.xlsx", "rumus dengan nilai tersimpan", _cached, "penduduk", 14, {"rumus"}),
    Case("36 rumus tanpa nilai.xlsx", "rumus yang belum pernah dihitung",
         lambda: book(("Data", [PEOPLE_HEAD, *people()]), change=_formulas), "penduduk", 14, {"rumus-tanpa-nilai", "kosong"}),
    Case("37 nik.xlsx", "kolom NIK yang tidak diminta",
         lambda: book(("Data", [[*SCHOOL_HEAD, "NIK Kepala Sekolah"], *([*row, f"35031245068{number:01}0001"] for number, row in enumerate(schools(9)))])),
         "sekolah", 9, {"data-pribadi", "kolom-tidak-dikenal"}, ("NIK",), held=True),
    Case("38 nik sebagai angka.xlsx", "NIK sebagai angka, nomor HP tanpa nol, surel",
         lambda: book(("Data", [[*SCHOOL_HEAD, "NIK", "No. HP", "E-mail"], *([*row, 3503124506800000 + n, 81234567800 + n, f"guru{n}@contoh.sch.id"]
                                                                            for n, row in enumerate(schools(3)))])),
         "sekolah", 3, {"data-pribadi", "kolom-tidak-dikenal"}, ("Alamat surel", "NIK", "Nomor telepon"), held=True),
    Case("39 bantuan.csv", "data pribadi yang memang diminta",
         lambda: text([["NIK", "Nama Penerima", "Kode Desa", "Nilai Bantuan (Rp)"], ["3503010107850001", "CONTOH SATU", "3503010001", "Rp 600.000,-"],
                       ["3503014107850002", "CONTOH DUA", "3503010002", "600.000"]]), "bantuan", 2, set(), ("NIK", "Nama orang"), held=True),
    Case("40 kontak di judul.xlsx", "narahubung dengan nomor HP di atas tabel",
         lambda: book(("Data", [["Narahubung: CONTOH, 0812-3456-7890, contoh@contoh.go.id"], PEOPLE_HEAD, *people()])), "penduduk", 14,
         {"data-pribadi-di-luar-tabel"}, ("Alamat surel", "Nomor telepon")),
    Case("41 akhiran salah.xls", "XLSX bernama .xls", lambda: book(("Data", [PEOPLE_HEAD, *people()])), "penduduk", 14, {"ekstensi-salah"}),
    Case("42 bukan yang diminta.xlsx", "tabel lain", lambda: book(("Data", [["Nama Pasar", "Jumlah Kios"], ["Pasar Pon", 12]])), "", 0,
         {"data-tidak-dikenali"}),
    Case("43 data kosong.xlsx", "formulir dikirim kembali tanpa isi", lambda: book(("Data", [PEOPLE_HEAD])), "penduduk", 0,
         {"baris-kurang", "tahun-tidak-disebut"}),
    Case("44 galat.xlsx", "sel #REF! dan tautan ke berkas lain", lambda: again(
         book(("Data", [PEOPLE_HEAD, *people()]), change=_error), add={"xl/externalLinks/externalLink1.xml": "<externalLink/>"}),
         "penduduk", 14, {"sel-galat", "kosong", "tautan-luar"}),
    Case("45 nama seperti jabatan.csv", "baris data yang berawal 'Kepala', tanda tangan rapat di bawah tabel",
         lambda: text([[*PEOPLE_HEAD, "Keterangan"], *([*row, ""] for row in people(count=6)), ["3503070", "Kepala Gading", 2026, 30, 31, ""],
                       ["", "", "", "", "", "Trenggalek, 5 Januari 2027"], ["", "", "", "", "", "Sekretaris"], ["", "", "", "", "", "CONTOH NAMA"]]),
         "penduduk", 7),
    Case("46 nik berdampingan.csv", "NIK di antara angka lain",
         lambda: text([[*PEOPLE_HEAD, "Keterangan"], *([*row, "RT 01 3503124506800001 45 th" if not n else ""] for n, row in enumerate(people()))]),
         "penduduk", 14, {"data-pribadi"}, ("NIK",), held=True),
    Case("47 bulan di depan.csv", "tanggal dengan bulan di depan, ada yang bermakna ganda",
         lambda: text([SCHOOL_HEAD, *([*row[:5], day] for row, day in zip(schools(3), ("01/31/2026", "02/03/2026", "07/25/2026"), strict=True))]),
         "sekolah", 3, {"tanggal-bermakna-ganda"}),
    Case("48 nan.xlsx", "NaN di sel angka", lambda: again(book(("Data", [RICE_HEAD, *rice()])),
         change={"xl/worksheets/sheet1.xml": (b"<v>812.5</v>", b"<v>NaN</v>")}), "padi", 14, {"jenis-isi-salah"}),
    Case("49 jumlah beragam.xlsx", "jumlah menurut kelompok dan 'Total Kab. …' di antara dan di bawah baris", _summed, "padi", 14),
    Case("50 angka digabung.xlsx", "satu angka digabung untuk beberapa baris",
         lambda: book(("Data", [RICE_HEAD, *rice()[:2], ["Watulimo", 2026, None, None], *rice()[3:]]), change=_merged("C3:C4", "D3:D4")),
         "padi", 14, {"angka-digabung", "kosong"}),
    Case("51 judul lain maksud.xlsx", "judul dengan kata yang mengubah artinya, judul yang sama dua kali",
         lambda: book(("Data", [["Kecamatan", "Tahun", "Luas Panen Bersih (Ha)", "Produksi (ton)", "Produksi (ton)"],
                                *([*row, 1.0] for row in rice())])), "padi", 14, {"judul-mirip", "judul-ganda", "kolom-tidak-dikenal"}),
    Case("52 jumlah keliru.xlsx", "baris Jumlah yang satu angkanya bukan jumlah baris di atasnya",
         lambda: book(("Data", [RICE_HEAD, *rice(), ["Jumlah", None, sum(row[2] for row in rice()), 70_000.0]])), "padi", 14, {"jumlah-berbeda"}),
    Case("53 titik saja.csv", "angka seperti '1.500' tanpa petunjuk apakah ribuan atau pecahan",
         lambda: text([RICE_HEAD, *([name, year, f"1.{500 + number}", f"4.{700 + number}"] for number, (name, year, *_) in enumerate(rice()))]),
         "padi", 14, {"angka-bermakna-ganda"}),
)  # fmt: skip


def _error(made):
    made.active["E4"] = "#REF!"
    made.active["E4"].data_type = "e"


def _spaced(row):
    return [row[0], None, *row[1:]]
