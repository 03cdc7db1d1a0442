"""What Jagadata needs from the world outside, one file a kind; adapters implement them. No I/O here."""
