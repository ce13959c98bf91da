"""Lists in delimited text, read and written by a declared layout."""
