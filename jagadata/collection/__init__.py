"""SOP Pengumpulan Data: everything of it that is true without Prefect (SOP/06/406.020/2019, first procedure)."""
