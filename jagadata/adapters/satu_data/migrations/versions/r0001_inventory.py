"""The inventory as it began. Names are Indonesian: office staff read these tables with their own tools."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATEMENTS = (
    """
    CREATE TABLE satu_data.opd (
        id text PRIMARY KEY,
        nama text NOT NULL,
        pimpinan text NOT NULL DEFAULT '-'
    )
    """,
    """
    CREATE TABLE satu_data.putaran (
        kode text PRIMARY KEY,
        nama text NOT NULL,
        mulai date NOT NULL
    )
    """,
    """
    CREATE TABLE satu_data.dataset (
        kode text PRIMARY KEY,
        nama_data text NOT NULL,
        produsen_data text NOT NULL REFERENCES satu_data.opd,
        konsep text NOT NULL,
        definisi text NOT NULL,
        klasifikasi text NOT NULL,
        ukuran text NOT NULL,
        satuan text NOT NULL,
        sumber text NOT NULL,
        jadwal_rilis text NOT NULL,
        kolom jsonb NOT NULL,
        data_pribadi boolean NOT NULL,
        publik boolean NOT NULL,
        tabel text NOT NULL UNIQUE
    )
    """,
    """
    CREATE TABLE satu_data.kiriman (
        nomor text PRIMARY KEY,
        putaran text NOT NULL REFERENCES satu_data.putaran,
        opd text NOT NULL REFERENCES satu_data.opd,
        berkas text NOT NULL,
        diterima timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE satu_data.versi (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        dataset text NOT NULL REFERENCES satu_data.dataset,
        putaran text NOT NULL REFERENCES satu_data.putaran,
        nomor integer NOT NULL CHECK (nomor > 0),
        tanda_terima text NOT NULL,
        sidik text NOT NULL CHECK (sidik <> ''),
        baris bigint NOT NULL CHECK (baris >= 0),
        tahun integer[] NOT NULL,
        kolom jsonb NOT NULL,
        ditahan boolean NOT NULL,
        masuk timestamptz NOT NULL,
        UNIQUE (dataset, putaran, nomor)
    )
    """,
    """
    CREATE TABLE satu_data.riwayat_status (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        dataset text NOT NULL REFERENCES satu_data.dataset,
        putaran text NOT NULL REFERENCES satu_data.putaran,
        status text NOT NULL CHECK (status IN (
            'Diminta', 'Diterima', 'Diperiksa', 'Perlu Perbaikan', 'Lengkap', 'Terinventarisasi', 'Terpublikasi'
        )),
        oleh text NOT NULL,
        alasan text NOT NULL,
        pada timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ON satu_data.riwayat_status (dataset, putaran, id DESC)",
    """
    CREATE VIEW satu_data.status AS
    SELECT DISTINCT ON (putaran, dataset) putaran, dataset, status, oleh, alasan, pada
    FROM satu_data.riwayat_status ORDER BY putaran, dataset, id DESC
    """,
    """
    CREATE VIEW satu_data.versi_terkini AS
    SELECT DISTINCT ON (v.dataset) v.*
    FROM satu_data.versi v JOIN satu_data.putaran p ON p.kode = v.putaran
    ORDER BY v.dataset, p.mulai DESC, v.nomor DESC
    """,
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the inventory is restored from its backup, not taken back")
