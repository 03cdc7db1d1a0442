"""What all papers and letters have in common: values, sheets, Markdown, mails, the outbox."""
