"""The files of the group Vesterholt."""
