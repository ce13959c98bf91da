"""Tests of what is kept in PostgreSQL, on a real server, as nostro_app."""
