"""The bank simulator: a made-up bank to learn with, to test against and to rehearse a go-live.

Everything here is a simulator: it proves that we understand our own reading of a bank, no more.
"""
