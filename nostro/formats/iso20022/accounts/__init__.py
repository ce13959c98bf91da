"""What a bank tells of an account: statements, reports in the day, notifications."""
