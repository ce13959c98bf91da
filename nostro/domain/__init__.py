"""The business itself: money, payments, statements, matches, journals. Pure: no I/O, no clock, no dice."""
