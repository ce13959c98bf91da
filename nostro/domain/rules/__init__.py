"""The rules that people write: a small checked language, and what it can ask about a payment."""
