"""Sets of bank transactions in, proposals out. No I/O."""
