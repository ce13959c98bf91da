"""How Django talks to our PostgreSQL."""
