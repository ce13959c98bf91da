"""Who may pay what to whom: pure decisions with their reasons."""
