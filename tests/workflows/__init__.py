"""The workflows on the real database, with real or scripted counterparts."""
