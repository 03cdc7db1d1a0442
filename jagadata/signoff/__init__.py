"""Who may sign, and which gates there are."""
