"""Nostro: connects the systems that know why money moves to the banks that move it."""

__version__ = "0.1.0"
