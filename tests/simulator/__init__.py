"""Tests of the bank simulator."""
