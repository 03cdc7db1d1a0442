"""The office file: what it accepts, and what every fault in it gets."""

from __future__ import annotations

import copy
import traceback
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
import yaml

from jagadata.errors import NotFoundError, OfficeFileError
from jagadata.office.collection import Collection
from jagadata.office.file import Office, deployment_digest, load_office, parse_office
from tests.lab.small_office import OFFICE, RECIPIENT, SIGNER


@pytest.fixture
def raw():
    """A small faultless office as plain data, fresh for each test."""
    return copy.deepcopy(OFFICE)


def put(raw, place, value):
    """Set the value at a dotted place such as `systems.0.data.0.database`."""
    *above, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    for part in above:
        raw = raw.setdefault(part, {}) if isinstance(raw, dict) else raw[part]
    raw[last] = value


def parse(raw):
    return parse_office(yaml.safe_dump(raw, allow_unicode=True), folder=Path("/kantor"))


def faults(raw):
    with pytest.raises(OfficeFileError) as caught:
        parse(raw)
    assert caught.value.exit_code == 2
    return [line.removeprefix("  - ") for line in caught.value.message.splitlines()[1:]]


def only_fault(raw, place, value):
    put(raw, place, value)
    found = faults(raw)
    assert len(found) == 1, found
    return found[0]


# --- what it accepts ---


def test_a_faultless_file_is_read(raw):
    office = parse(raw)
    assert office.system("simpeg").databases == ["simpeg"]
    assert office.officials[0].nip == "199003122015042001"
    assert office.path(Path("known_hosts")) == Path("/kantor/known_hosts")
    assert office.policy.backup.cron == "0 1 1 * *"


def test_the_starter_lacks_nothing_but_the_keys():
    text = resources.files("jagadata").joinpath("office/starter.yaml").read_text(encoding="utf-8")
    with pytest.raises(OfficeFileError) as caught:
        parse_office(text, folder=Path())
    places = [line.split(":")[0].strip(" -") for line in caught.value.message.splitlines()[1:]]
    assert places == ["keys.signers[0].key", "keys.recipients[0].key", "keys.recipients[1].key"]
    assert "jaga keys init" in caught.value.message
    filled = text.replace("ed25519:GANTI", SIGNER).replace("age1GANTI", RECIPIENT)
    assert parse_office(filled, folder=Path()).systems[0].id == "simpeg"
    assert set(Office.model_fields) - {"folder"} == {*yaml.safe_load(text), "collection"}, (
        "every section is shown"
    )
    commented = text[text.index("# collection:") : text.index("\nprefect:")]
    section = yaml.safe_load("\n".join(line.removeprefix("# ") for line in commented.splitlines()))
    assert Collection.model_validate(section["collection"]).datasets[0].agency == "bkpsdm"


@pytest.mark.parametrize(
    "name",
    [
        'kutip"ganda',
        "kutip'tunggal",
        "dua kata",
        " spasi di depan dan belakang ",
        "baris\nbaru",
        "../../etc/passwd",
        "x" * 63,
        "é" * 31,
        "--pilihan",
        "dbname=postgres",
    ],
)
def test_a_database_may_have_any_name_that_postgresql_allows_and_keeps_it_exactly(raw, name):
    put(raw, "systems.0.data.0.database", name)
    assert parse(raw).system("simpeg").databases == [name]


def test_role_holders_are_those_of_the_day(raw):
    office = parse(raw)
    assert [one.id for one in office.holders("kasi_infrastruktur", date(2026, 6, 30))] == ["rina"]
    assert office.holders("kasi_infrastruktur", date(2026, 7, 1)) == []
    assert office.holders("kasi_infrastruktur", date(2025, 12, 31)) == []
    assert [one.id for one in office.holders("staf_aplikasi", date(2030, 1, 1))] == ["sari"]


def test_an_unknown_system_or_official_is_answered_with_the_known_ones(raw):
    office = parse(raw)
    with pytest.raises(NotFoundError, match=r"'simpek' tidak ada.*\n.*simpeg"):
        office.system("simpek")
    with pytest.raises(NotFoundError, match=r"'budi' tidak ada.*\n.*sari, rina"):
        office.official("budi")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("systems.0.services.0.unit", "simpeg-baru.service"),
        ("systems.0.data.0.database", "lain"),
        ("systems.0.downtime", "minimal"),
        ("servers.0.port", 5433),
        ("hosts.0.address", "10.0.0.12"),
        ("policy.restore.sessions", "refuse"),
    ],
)
def test_whatever_decides_a_restore_changes_the_digest_of_the_system(raw, place, value):
    before = parse(raw).system_digest("simpeg")
    assert parse(raw).system_digest("simpeg") == before
    put(raw, place, value)
    assert parse(raw).system_digest("simpeg") != before


@pytest.mark.parametrize("name", ["via", "data_host", "probe"])
def test_a_host_that_is_only_passed_through_counts_too(raw, name):
    raw["hosts"].append({**raw["hosts"][0], "name": "lewat"})
    if name == "probe":
        raw["systems"][0]["services"][0]["probe"]["via"] = "lewat"
    else:
        raw["servers"][0][name] = "lewat"
    before = parse(raw).system_digest("simpeg")
    raw["hosts"][1]["known_hosts"] = "known_hosts_lain"
    assert parse(raw).system_digest("simpeg") != before


@pytest.mark.parametrize(
    ("place", "value", "changes"),
    [
        ("systems.0.name", "Nama lain", True),
        ("policy.backup.cron", "0 2 1 * *", True),
        ("office.timezone", "Asia/Jayapura", True),
        ("prefect.work_pool", "lain", True),
        ("hosts.0.address", "10.0.0.12", False),
        ("policy.restore.kept_days", 30, False),
    ],
)
def test_only_what_the_deployments_hold_counts_as_drift(raw, place, value, changes):
    before = deployment_digest(parse(raw))
    put(raw, place, value)
    assert (deployment_digest(parse(raw)) != before) is changes


# --- faults: place, what was found, what to write instead ---


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("version", 2, "version: harus salah satu dari 1 (tertulis: 2)"),
        ("systems.0.data.0.database", "x" * 64, "systems[0].data[0].database: nama basis data melebihi 63 bita"),
        ("systems.0.data.0.database", "é" * 32, "melebihi 63 bita"),
        ("systems.0.data.0.database", "", "nama basis data kosong"),
        ("systems.0.data.0.database", "a\0b", "memuat NUL"),
        ("systems.0.data", [], "systems[0].data: harus berisi paling sedikit 1 butir"),
        ("systems.0.data", "simpeg", "systems[0].data: harus daftar"),
        ("systems.0.data.0", "simpeg", "systems[0].data[0]: harus berisi isian-isian di bawahnya"),
        ("systems.0.id", "../simpeg", "systems[0].id: harus huruf kecil, angka, dan tanda hubung"),
        ("systems.0.id", "Simpeg", "(tertulis: 'Simpeg')"),
        ("systems.0.id", "sim peg", "harus huruf kecil"),
        ("systems.0.id", "sim'peg", "harus huruf kecil"),
        ("systems.0.id", "sim\npeg", "harus huruf kecil"),
        ("systems.0.id", "x" * 41, "paling panjang 40 karakter"),
        ("systems.0.name", "dua\nbaris", "systems[0].name: memuat baris baru"),
        ("systems.0.name", "\x1b[2J", "karakter kendali"),
        ("systems.0.name", "  ", "systems[0].name: kosong"),
        ("systems.0.owner", None, "systems[0].owner: harus teks; apit dengan tanda kutip (tertulis: kosong)"),
        ("systems.0.services.0.unit", "web; reboot", "systems[0].services[0].unit: nama unit hanya boleh huruf"),
        ("systems.0.services.0.unit", "web'x", "(tertulis: "),
        ("systems.0.services.0.unit", "web\nantrean", "misalnya 'simpeg-web.service'"),
        ("systems.0.services.0.unit", "../../etc/passwd", "nama unit hanya boleh"),
        ("systems.0.services.0.unit", "a..b", "tanpa spasi, kutip, '..'"),
        ("systems.0.services.0.unit", "--now", "nama unit hanya boleh"),
        ("systems.0.services.0.unit", "$(reboot)", "nama unit hanya boleh"),
        ("systems.0.services.0.unit", "u" * 129, "nama unit hanya boleh"),
        ("systems.0.services.0.manager", "docker", "harus salah satu dari 'systemd', 'supervisor'"),
        ("systems.0.services.0.port", 0, "systems[0].services[0].port: harus paling sedikit 1 (tertulis: 0)"),
        ("systems.0.services.0.port", 65536, "harus paling banyak 65535"),
        ("systems.0.services.0.port", "delapan", "harus bilangan bulat (tertulis: 'delapan')"),
        ("systems.0.services.0.port", 80.5, "harus bilangan bulat"),
        ("systems.0.services.0.probe.url", "127.0.0.1:8080", "probe.url: harus berawalan http:// atau https://"),
        ("systems.0.services.0.probe.timeout", 0, "harus lebih dari 0"),
        ("systems.0.services.0.probe.timeout", float("nan"), "harus bilangan"),
        ("systems.0.services.0.host", "app2", "systems[0].services[0].host: host 'app2' tidak ada; tulis salah satu dari app1"),
        ("systems.0.services.0.probe.via", "app2", "systems[0].services[0].probe.via: host 'app2' tidak ada"),
        ("systems.0.server", "pg2", "systems[0].server: server 'pg2' tidak ada; tulis salah satu dari pg1"),
        ("systems.0.downtime", "cepat", "harus salah satu dari 'sop', 'minimal'"),
        ("systems", [], "systems: harus berisi paling sedikit 1 butir"),
        ("systems", {}, "systems: harus daftar"),
        ("servers.0.via", "app2", "servers[0].via: host 'app2' tidak ada; tulis salah satu dari app1"),
        ("servers.0.data_host", "app2", "servers[0].data_host: host 'app2' tidak ada"),
        ("servers.0.maintenance_database", "x" * 64, "servers[0].maintenance_database: nama basis data melebihi"),
        ("servers.0.free_space_gib", -1, "servers[0].free_space_gib: harus lebih dari 0"),
        ("servers.0.parallel_backups", 0, "harus paling sedikit 1"),
        ("officials.0.nip", 199003122015042001, "officials[0].nip: harus teks; apit dengan tanda kutip"),
        ("officials.0.duties.0.role", "kepala", "harus salah satu dari 'kadis'"),
        ("officials.1.duties.0.until", date(2025, 1, 1), "officials[1].duties[0]: until (2025-01-01) mendahului since (2026-01-01)"),
        ("officials.1.duties.0.since", "awal tahun", "harus tanggal seperti 2026-01-31 (tertulis: 'awal tahun')"),
        ("officials", [], "officials: harus berisi"),
        ("office.timezone", "Asia/Trenggalek", "office.timezone: zona waktu tidak dikenal; tulis misalnya 'Asia/Jakarta'"),
        ("office.timezone", "../../etc/passwd", "zona waktu tidak dikenal"),
        ("office.number", "{nomor}/{year}", "office.number: hanya boleh memakai {classification}"),
        ("office.number", "{year", "office.number: hanya boleh memakai"),
        ("office.number", "{year.x}", "office.number: hanya boleh memakai"),
        ("office.letterhead.lines", [], "office.letterhead.lines: harus berisi"),
        ("stores.0.kind", "ftp", "kind harus salah satu dari 's3', 'directory'"),
        ("stores.0.endpoint", "10.0.0.5:9000", "stores[0].endpoint: harus berawalan http://"),
        ("stores.0.bucket", "a/b", "stores[0].bucket: nama bucket hanya boleh"),
        ("stores.0.prefix", "../lain", "stores[0].prefix: hanya boleh"),
        ("stores.0.lock_days", -1, "stores[0].lock_days: harus paling sedikit 0"),
        ("stores.1.lock_days", 30, "stores[1].lock_days: harus salah satu dari 0"),
        ("stores", [], "stores: harus berisi"),
        ("keys.signers.0.key", "GANTI", "keys.signers[0].key: bukan kunci publik 'ed25519:…'"),
        ("keys.recipients.1.key", "age1pendek", "keys.recipients[1].key: bukan kunci publik 'age1…'"),
        ("keys.recipients", [], "keys.recipients: harus berisi"),
        ("policy.backup.cron", "setiap bulan", "policy.backup.cron: harus lima kolom cron"),
        ("policy.backup.cron", "0 1 1 * * *", "harus lima kolom cron"),
        ("policy.backup.file_name", "{aplikasi}.dump", "policy.backup.file_name: memuat bagian yang tidak dikenal; pakai hanya {opd}"),
        ("policy.backup.file_name", "{opd", "memuat bagian yang tidak dikenal"),
        ("policy.backup.at_once", 0, "harus paling sedikit 1"),
        ("policy.backup.retention.keep_last", 0, "policy.backup.retention.keep_last: harus paling sedikit 1"),
        ("policy.restore.switch_minutes", 0, "harus lebih dari 0"),
        ("policy.restore.approver", "bupati", "policy.restore.approver: harus salah satu dari"),
        ("policy.backup.review", "kadang", "harus true atau false (tertulis: 'kadang')"),
        ("holidays", ["17 Agustus"], "holidays[0]: harus tanggal seperti 2026-01-31"),
        ("mail", "smtp.example.id", "mail: harus berisi isian-isian di bawahnya"),
        ("prefect.ui", "jaga.example.id", "prefect.ui: harus berawalan"),
        ("folder", "/", "folder: tidak dikenal"),
        ("sistems", [], "sistems: tidak dikenal; maksudnya 'systems'?"),
        ("xyzzy", 1, "xyzzy: tidak dikenal; periksa ejaannya atau hapus"),
    ],
)  # fmt: skip
def test_a_fault_says_where_it_is_what_was_found_and_what_to_write(raw, place, value, words):
    assert words in only_fault(raw, place, value)


@pytest.mark.parametrize(
    "place", ["office", "officials", "keys", "servers", "stores", "systems", "version", "keys.signing", "servers.0.dump"]
)  # fmt: skip
def test_a_missing_part_is_named(raw, place):
    *above, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    target = raw
    for part in above:
        target = target[part]
    del target[last]
    shown = place.replace(".0.", "[0].")
    assert f"{shown}: belum ada; isian ini wajib" in faults(raw)


def test_a_remote_server_needs_a_tunnel_or_a_certificate(raw):
    del raw["servers"][0]["via"]
    raw["servers"][0]["address"] = "10.0.0.5"
    (fault,) = faults(raw)
    assert fault.startswith("servers[0]: server jauh harus dicapai lewat 'via: HOST' (SSH) atau TLS")
    raw["servers"][0]["ca"] = "ca.pem"
    assert parse(raw).servers[0].ca == Path("ca.pem")


@pytest.mark.parametrize(
    ("kind", "field"),
    [("officials", "id"), ("hosts", "name"), ("servers", "name"), ("stores", "name"), ("systems", "id")],
)
def test_two_of_a_kind_never_share_a_name(raw, kind, field):
    twin = copy.deepcopy(raw[kind][0])
    if kind == "systems":
        twin["data"] = [{"database": "lain"}]
    raw[kind].append(twin)
    (fault,) = faults(raw)
    assert fault == f"{kind}[{len(raw[kind]) - 1}].{field}: '{twin[field]}' sudah dipakai; beri nama lain"


def test_a_third_store_that_would_never_get_a_copy_is_refused(raw):
    raw["stores"].append({"kind": "directory", "name": "ketiga", "path": "/mnt/lain"})
    (fault,) = faults(raw)
    assert fault.startswith("stores[2]: back up hanya disalin ke penyimpanan kedua")


def test_a_database_belongs_to_one_system_only(raw):
    raw["systems"].append({**copy.deepcopy(raw["systems"][0]), "id": "sisurat"})
    (fault,) = faults(raw)
    assert fault.startswith("systems[1].data[0].database: 'simpeg' sudah menjadi milik sistem 'simpeg'")


def test_a_database_stands_once_in_its_system(raw):
    raw["systems"][0]["data"].append({"database": "simpeg"})
    (fault,) = faults(raw)
    assert fault.startswith("systems[0].data[1].database: 'simpeg' sudah menjadi milik sistem 'simpeg'")


def test_equal_database_names_on_two_servers_are_two_databases(raw):
    raw["servers"].append({**copy.deepcopy(raw["servers"][0]), "name": "pg2"})
    raw["systems"].append({**copy.deepcopy(raw["systems"][0]), "id": "sisurat", "server": "pg2"})
    assert len(parse(raw).systems) == 2


def test_all_faults_are_reported_together_references_included(raw):
    put(raw, "systems.0.server", "pg2")
    put(raw, "systems.0.services.0.port", 0)
    put(raw, "servers.0.via", "app2")
    put(raw, "office.timezone", "Asia/Trenggalek")
    put(raw, "office.number", "{nomor}")
    del raw["systems"][0]["owner"]
    raw["hosts"].append(copy.deepcopy(raw["hosts"][0]))
    found = faults(raw)
    places = {fault.split(":")[0] for fault in found}
    assert places == {
        "systems[0].server",
        "systems[0].services[0].port",
        "servers[0].via",
        "office.timezone",
        "office.number",
        "systems[0].owner",
        "hosts[1].name",
    }
    assert len(found) == len(places)


# --- secrets ---

SECRET = "Rahasia-5angat-Dalam"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("servers.0.dump.password", SECRET),
        ("servers.0.restore.password", f"{SECRET}\nbaris kedua"),
        ("servers.0.dump.password", [SECRET]),
        ("servers.0.dump.password", {"nilai": SECRET}),
        ("servers.0.dump", f"jagadata_dump:{SECRET}"),
        ("servers.0.dump.pasword", SECRET),
        ("servers.0.address", f"postgres://u:{SECRET}@10.0.0.5\n/simpeg"),
        ("keys.signing", f"-----BEGIN PRIVATE KEY-----\n{SECRET}"),
        ("keys.identity", f"AGE-SECRET-KEY-{SECRET}"),
        ("keys.recipients.0.key", f"AGE-SECRET-KEY-{SECRET}"),
        ("keys.recipients.0.note", f"AGE-SECRET-KEY-{SECRET}"),
        ("keys.signers.0.key", SECRET),
        ("hosts.0.key", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}"),
        ("stores.0.access_key", SECRET),
        ("stores.0.secret_key", SECRET),
        ("stores.0.endpoint", f"s3://kunci:{SECRET}@s3.example.id"),
        ("stores.0.endpoint", f"https://kunci:{SECRET}@s3.example.id"),
        ("stores.0.endpoint", f"https://s3.example.id/?secret_key={SECRET}"),
        ("systems.0.services.0.probe.url", f"http://jaga:{SECRET}@10.0.0.11/sehat"),
        ("systems.0.services.0.probe.url", f"http://jaga:p/{SECRET}@10.0.0.11/sehat"),
        ("systems.0.services.0.probe.url", f"http://10.0.0.11/sehat?api_key={SECRET}"),
        ("systems.0.services.0.probe.url", f"http://10.0.0.11/sehat?a=b&app_token={SECRET}"),
        ("prefect.ui", f"https://admin:{SECRET}@prefect.example.id"),
        ("hosts.0.address", f"jaga:{SECRET}@10.0.0.5"),
        ("hosts.0.address", f"host=10.0.0.5 password={SECRET}"),
        ("channels", [f"tgram://{SECRET}/1234"]),
        ("channels", f"tgram://{SECRET}/1234"),
        ("mail", f"smtps://jaga:{SECRET}@smtp.example.id"),
        ("mail", {"host": "smtp.example.id", "sender": "a@example.id", "password": SECRET}),
    ],
)
def test_a_secret_typed_where_a_reference_belongs_is_never_echoed(raw, place, value):
    put(raw, place, value)
    with pytest.raises(OfficeFileError) as caught:
        parse(raw)
    assert SECRET not in "".join(traceback.format_exception(caught.value))  # what a log or --debug would show


@pytest.mark.parametrize("place", ["systems.0.services.0.probe.url", "stores.0.endpoint", "prefect.ui"])
@pytest.mark.parametrize("url", [f"https://u:{SECRET}@x.id/a", f"https://x.id/a?token={SECRET}"])
def test_a_password_in_an_address_is_refused_and_the_fault_says_what_to_do(raw, place, url):
    fault = only_fault(raw, place, url)
    assert "memuat" in fault
    assert "ganti sandi itu" in fault


@pytest.mark.parametrize(
    "url", ["http://10.0.0.5/@staf/sehat?halaman=1", "https://x.id:8443/sehat?full=token"]
)
def test_an_address_that_only_looks_a_little_like_it_is_taken(raw, url):
    put(raw, "systems.0.services.0.probe", {"url": url})
    parse(raw)


def test_a_secret_on_a_line_that_is_no_yaml_is_never_echoed():
    for text in (f"a: [\npassword: *{SECRET}\n", f'password: "{SECRET}\n', f"password: !{SECRET} x\n"):
        with pytest.raises(OfficeFileError, match="bukan YAML yang sah pada baris") as caught:
            parse_office(text, folder=Path())
        assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_long_values_are_shortened(raw):
    assert len(only_fault(raw, "systems.0.name", "x\n" * 5000)) < 300


# --- YAML ---


def test_a_key_that_stands_twice_is_refused_with_its_line(raw):
    text = yaml.safe_dump(raw) + "systems: []\n"
    with pytest.raises(OfficeFileError, match=r"baris \d+: 'systems' tertulis dua kali"):
        parse_office(text, folder=Path())


def test_a_day_that_no_calendar_has_is_named_with_its_place(raw):
    text = yaml.safe_dump(raw) + "holidays: [2026-02-30]\n"
    with pytest.raises(OfficeFileError, match=r"holidays\[0\]: harus tanggal .*2026-02-30"):
        parse_office(text, folder=Path())


@pytest.mark.parametrize("text", ["", "- a\n", "42", "null"])
def test_a_file_that_is_no_mapping_is_refused(text):
    with pytest.raises(OfficeFileError, match="kosong atau bukan daftar isian"):
        parse_office(text, folder=Path())


@pytest.mark.parametrize("text", ["a: b: c", "\tversion: 1", "a: 'b", "a: \x00"])
def test_broken_yaml_is_refused(text):
    with pytest.raises(OfficeFileError, match="bukan YAML yang sah"):
        parse_office(text, folder=Path())


def test_python_objects_in_yaml_are_refused():
    with pytest.raises(OfficeFileError, match="bukan YAML yang sah"):
        parse_office("version: !!python/object/apply:os.system ['true']", folder=Path())


@pytest.mark.parametrize("value", [[1, 2], "x", 5, None, {"a": {"b": ["c"]}}])
@pytest.mark.parametrize(
    "place", ["systems", "systems.0", "systems.0.services", "hosts", "servers", "stores.0", "keys"]
)
def test_a_part_of_the_wrong_shape_is_a_fault_and_nothing_worse(raw, place, value):
    put(raw, place, value)
    assert faults(raw)


# --- the file ---


def test_a_missing_file_is_told_with_what_makes_one(tmp_path):
    with pytest.raises(OfficeFileError, match=r"tidak dapat dibaca.*\n.*jaga init"):
        load_office(tmp_path / "office.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "office.yaml"
    path.write_bytes("nama: Trenggalék".encode("latin-1"))
    with pytest.raises(OfficeFileError, match="bukan teks UTF-8"):
        load_office(path)


def test_paths_start_at_the_folder_of_the_file(tmp_path, raw):
    path = tmp_path / "office.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    assert load_office(path).path(Path("known_hosts")) == tmp_path / "known_hosts"


def test_a_jump_that_leads_back_to_itself_is_refused(raw):
    second = copy.deepcopy(raw["hosts"][0])
    raw["hosts"].append({**second, "name": "app2", "via": "app1"})
    raw["hosts"][0]["via"] = "app2"
    assert all("berputar" in fault for fault in faults(raw))
    raw["hosts"][0]["via"] = "tidak-ada"
    assert any("tidak-ada" in fault for fault in faults(raw))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "cron", "unit": "../x"},
        {"kind": "timer", "unit": "rekap.service"},
        {"kind": "oneshot", "unit": "rekap.timer"},
        {"kind": "oneshot", "unit": "rekap.service", "manager": "supervisor"},
        {"kind": "timer", "unit": "rekap.timer", "run_after": True},
    ],
)
def test_a_kind_that_its_unit_does_not_fit_is_refused(raw, change):
    raw["systems"][0]["services"] = [{"host": "app1", **change}]
    assert faults(raw)


def test_a_cron_file_needs_the_root_owned_script(raw):
    raw["systems"][0]["services"] = [{"host": "app1", "kind": "cron", "unit": "simpeg"}]
    parse(raw)
    raw["hosts"][0]["control"] = "direct"
    assert any("control: script" in fault for fault in faults(raw))
