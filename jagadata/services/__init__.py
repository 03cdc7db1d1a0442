"""The services of an application: stopping, starting and asking them, and the dead-man's switch on their host."""
