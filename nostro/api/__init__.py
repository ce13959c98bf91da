"""The REST door: /v1."""
