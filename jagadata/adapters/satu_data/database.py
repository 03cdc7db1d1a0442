"""The inventory in PostgreSQL: data sets, versions, statuses and rounds in `satu_data`, the rows in `satu_data_tabel`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from jagadata.adapters.satu_data import tables
from jagadata.adapters.satu_data.link import InventoryLink
from jagadata.collection.inventory.statuses import make_sql_name, plan_steps
from jagadata.collection.ports import RequestedDataset, StatusEntry, Version
from jagadata.collection.round import parse_round
from jagadata.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import psycopg

    from jagadata.collection.ports import Status
    from jagadata.collection.round import Round
    from jagadata.collection.tables.examination import CleanTable
    from jagadata.office.collection import Agency, DatasetEntry

_VERSION = (
    "v.dataset, v.putaran, v.nomor, v.tanda_terima, v.sidik, v.baris, v.kolom, v.tahun, v.ditahan, v.masuk"
)


class InventoryDatabase(InventoryLink):
    """Implements InventoryBook."""

    # --- what is asked for, and what came ---

    def request(
        self,
        agencies: Iterable[Agency],
        datasets: Iterable[DatasetEntry],
        round: Round,
        *,
        by: str,
        at: datetime,
    ) -> None:
        """Write down a round: its OPD and data sets with their metadata as they are now, and 'Diminta' for what has no status yet."""
        with self._transaction() as connection:
            self._round(connection, round)
            connection.cursor().executemany(
                "INSERT INTO satu_data.opd VALUES (%s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET nama = excluded.nama, pimpinan = excluded.pimpinan",
                [(one.id, one.name, one.head) for one in agencies],
            )
            for entry in datasets:
                self._dataset(connection, entry)
                if self._status(connection, entry.code, round) is None:
                    self._note(connection, entry.code, round, "Diminta", by, "", at)

    @staticmethod
    def _round(connection: psycopg.Connection[Any], round: Round) -> None:
        connection.execute(
            "INSERT INTO satu_data.putaran VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [str(round), round.text, round.first_day],
        )

    @staticmethod
    def _dataset(connection: psycopg.Connection[Any], entry: DatasetEntry) -> None:
        """Its metadata as it is now; locked until the transaction ends, so that two workers take turns."""
        connection.execute(
            "INSERT INTO satu_data.opd VALUES (%s, %s) ON CONFLICT DO NOTHING", [entry.agency, entry.agency]
        )
        connection.execute(
            """
            INSERT INTO satu_data.dataset VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (kode) DO UPDATE SET nama_data = excluded.nama_data, produsen_data = excluded.produsen_data,
                konsep = excluded.konsep, definisi = excluded.definisi, klasifikasi = excluded.klasifikasi,
                ukuran = excluded.ukuran, satuan = excluded.satuan, sumber = excluded.sumber,
                jadwal_rilis = excluded.jadwal_rilis, kolom = excluded.kolom,
                data_pribadi = excluded.data_pribadi, publik = excluded.publik
            """,
            [
                *(entry.code, entry.name, entry.agency, entry.concept, entry.definition),
                *(entry.classification, entry.measure, entry.unit, entry.source, entry.release),
                Jsonb([column.model_dump(mode="json") for column in entry.columns]),
                *(entry.personal, entry.public, make_sql_name(entry.code)),
            ],
        )

    def note_delivery(self, round: Round, agency: str, receipt: str, name: str, at: datetime) -> None:
        """One file that was taken in, by its receipt number."""
        with self._transaction() as connection:
            self._round(connection, round)
            connection.execute(
                "INSERT INTO satu_data.opd VALUES (%s, %s) ON CONFLICT DO NOTHING", [agency, agency]
            )
            connection.execute(
                "INSERT INTO satu_data.kiriman VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [receipt, str(round), agency, name, at],
            )

    # --- statuses ---

    def bring_to(
        self, dataset: str, round: Round, status: Status, *, by: str, why: str = "", at: datetime
    ) -> tuple[Status, ...]:
        """Go the shortest legal way to a status, and return its steps. Raises NotFoundError."""
        with self._transaction() as connection:
            self._hold(connection, dataset, round)
            return self._bring(connection, dataset, round, status, by, why, at)

    def _bring(
        self,
        connection: psycopg.Connection[Any],
        dataset: str,
        round: Round,
        status: Status,
        by: str,
        why: str,
        at: datetime,
    ) -> tuple[Status, ...]:
        steps = plan_steps(self._status(connection, dataset, round), status)
        for step in steps:
            self._note(connection, dataset, round, step, by, why, at)
        return steps

    def _hold(self, connection: psycopg.Connection[Any], dataset: str, round: Round) -> None:
        if not connection.execute(
            "SELECT FROM satu_data.dataset WHERE kode = %s FOR UPDATE", [dataset]
        ).rowcount:
            raise NotFoundError(
                f"Data '{dataset}' belum tercatat di inventaris.",
                "Catat permintaan putaran ini lebih dahulu.",
            )
        self._round(connection, round)

    @staticmethod
    def _status(connection: psycopg.Connection[Any], dataset: str, round: Round) -> Status | None:
        row = connection.execute(
            "SELECT status FROM satu_data.status WHERE dataset = %s AND putaran = %s", [dataset, str(round)]
        ).fetchone()
        return row[0] if row else None

    @staticmethod
    def _note(
        connection: psycopg.Connection[Any],
        dataset: str,
        round: Round,
        status: Status,
        by: str,
        why: str,
        at: datetime,
    ) -> None:
        connection.execute(
            "INSERT INTO satu_data.riwayat_status (dataset, putaran, status, oleh, alasan, pada) VALUES (%s, %s, %s, %s, %s, %s)",
            [dataset, str(round), status, by, why, at],
        )

    def statuses(self, round: Round) -> dict[str, StatusEntry]:
        """What every data set of this round has come to."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT dataset, status, oleh, alasan, pada FROM satu_data.status WHERE putaran = %s ORDER BY dataset",
                [str(round)],
            ).fetchall()
        return {row[0]: _status_entry(row) for row in rows}

    # --- versions ---

    def take_in(
        self,
        entry: DatasetEntry,
        round: Round,
        table: CleanTable,
        parquet: Path,
        receipt: str,
        at: datetime,
        *,
        by: str = "Jagadata",
    ) -> Version:
        """Take a clean table in as this round's version of the data set, and note 'Terinventarisasi': all or nothing.

        The table that counts already, by its digest, changes nothing (but `held` is kept once it was seen); another one is the next
        version, and the earlier ones stay. Raises DamagedError: the file is not what the examination says.
        """
        if table.dataset != entry.code or not table.digest:
            raise RefusedError(
                f"Tabel '{table.sheet}' bukan tabel data '{entry.code}' yang sudah diperiksa.",
                "Periksa dahulu kirimannya (langkah 4).",
            )
        held = table.held or entry.personal
        with self._transaction() as connection:
            self._round(connection, round)
            self._dataset(connection, entry)
            last = self._last(connection, "v.dataset = %s AND v.putaran = %s", [entry.code, str(round)])
            if last is None or last.digest != table.digest:
                number = last.number + 1 if last else 1
                self._insert(connection, entry.code, round, number, table, parquet, receipt, held, at)
                why = f"tanda terima {receipt}"
            else:
                number, why = last.number, f"tanda terima {receipt}: isi sama dengan versi {last.label}"
                if held and not last.held:
                    connection.execute(
                        "UPDATE satu_data.versi SET ditahan = true WHERE dataset = %s AND putaran = %s AND nomor = %s",
                        [entry.code, str(round), number],
                    )
            fresh = last is None or number != last.number
            status = self._status(connection, entry.code, round)
            if fresh and status in ("Terinventarisasi", "Terpublikasi"):
                self._bring(connection, entry.code, round, "Diterima", by, why, at)
            if fresh or status != "Terpublikasi":
                self._bring(connection, entry.code, round, "Terinventarisasi", by, why, at)
            taken = self._last(
                connection, "v.dataset = %s AND v.putaran = %s", [entry.code, str(round)], fresh
            )
        if taken is None:
            raise AssertionError(entry.code)  # pragma: no cover - it was just written
        return taken

    @staticmethod
    def _insert(
        connection: psycopg.Connection[Any],
        code: str,
        round: Round,
        number: int,
        table: CleanTable,
        parquet: Path,
        receipt: str,
        held: bool,
        at: datetime,
    ) -> None:
        row = connection.execute(
            "INSERT INTO satu_data.versi"
            " (dataset, putaran, nomor, tanda_terima, sidik, baris, tahun, kolom, ditahan, masuk)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, '[]', %s, %s) RETURNING id",
            [code, str(round), number, receipt, table.digest, table.rows, list(table.years), held, at],
        ).fetchone()
        version = row[0] if row else 0
        columns = tables.fill(connection, make_sql_name(code), version, table, parquet)
        connection.execute("UPDATE satu_data.versi SET kolom = %s WHERE id = %s", [Jsonb(columns), version])

    @staticmethod
    def _last(
        connection: psycopg.Connection[Any], where: str, values: list[Any], fresh: bool = False
    ) -> Version | None:
        row = connection.execute(
            f"SELECT {_VERSION} FROM satu_data.versi v JOIN satu_data.putaran p ON p.kode = v.putaran"
            f" WHERE {where} ORDER BY p.mulai DESC, v.nomor DESC LIMIT 1",
            values,
        ).fetchone()
        return _version(row, fresh) if row else None

    def latest(self, dataset: str, before: Round) -> Version | None:
        """What counted in the last round before this one that had the data set."""
        with self._transaction() as connection:
            return self._last(connection, "v.dataset = %s AND p.mulai < %s", [dataset, before.first_day])

    def versions(self, dataset: str, round: Round) -> list[Version]:
        """All of a round, the one that counts last."""
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT {_VERSION} FROM satu_data.versi v WHERE v.dataset = %s AND v.putaran = %s ORDER BY v.nomor",
                [dataset, str(round)],
            ).fetchall()
        return [_version(row) for row in rows]

    def requested(self, before: Round) -> list[RequestedDataset]:
        """The data sets of the last round before this one, for the list of requested data; empty: there was none."""
        with self._transaction() as connection:
            rows = connection.execute(
                """
                SELECT d.kode, d.nama_data, d.produsen_data, s.putaran, s.status, v.baris, v.tahun
                FROM satu_data.status s JOIN satu_data.dataset d ON d.kode = s.dataset
                LEFT JOIN LATERAL (
                    SELECT baris, tahun FROM satu_data.versi WHERE dataset = s.dataset AND putaran = s.putaran
                    ORDER BY nomor DESC LIMIT 1
                ) v ON true
                WHERE s.putaran = (
                    SELECT p.kode FROM satu_data.putaran p WHERE p.mulai < %s
                    AND EXISTS (SELECT FROM satu_data.riwayat_status h WHERE h.putaran = p.kode)
                    ORDER BY p.mulai DESC LIMIT 1
                )
                ORDER BY d.produsen_data, d.kode
                """,
                [before.first_day],
            ).fetchall()
        return [
            RequestedDataset(
                code=code,
                name=name,
                agency=agency,
                round=round,
                status=status,
                rows=rows,
                years=tuple(years or ()),
            )
            for code, name, agency, round, status, rows, years in rows
        ]


def _status_entry(row: tuple[Any, ...]) -> StatusEntry:
    dataset, status, by, why, at = row
    return StatusEntry(dataset=dataset, status=status, by=by, why=why, at=at)


def _version(row: tuple[Any, ...], fresh: bool = False) -> Version:
    dataset, round, number, receipt, digest, rows, columns, years, held, at = row
    return Version(
        dataset=dataset,
        round=parse_round(round),
        number=number,
        receipt=receipt,
        digest=digest,
        rows=rows,
        columns=tuple(one["nama"] for one in columns),
        years=tuple(years),
        held=held,
        at=at,
        fresh=fresh,
    )
