"""SOP Pengumpulan Data, step 5: the inventory of a round's data sets and its publication."""
