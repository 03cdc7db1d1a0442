"""What OPD send: mails and drops taken in, read, answered, receipted."""
