"""The staged matcher over sets: bank transactions and open items in, decisions out. No I/O.

One file a stage, in the order of `matcher`. Inside, a transaction is its place `t` in booking
order and an open item its place `i` by due date, so that no stage depends on the order of rows.
"""
