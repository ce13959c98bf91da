"""What each page of the console shows: read models, one file a page, frozen and never written back.

Everything here works inside `with tenant(...)` and hands out structs, never a model.
"""
