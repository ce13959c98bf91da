"""The business itself: money, payments, statements, journals. Pure: no I/O, clock or dice."""
