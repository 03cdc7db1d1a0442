"""Watch, sweep, doctor and reminders: they loop over what the packages offer."""
