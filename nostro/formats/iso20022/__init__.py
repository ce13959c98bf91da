"""Messages of ISO 20022 (camt, pain): XML, read by local names, written by exact version."""
