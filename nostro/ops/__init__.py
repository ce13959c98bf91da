"""What keeps the business running: clock, identifiers, secrets, sealing of the audit chain."""
