"""What `nostro ingest` takes."""

from __future__ import annotations

import sys


def ingest(*files: str, customer: str = "", json: bool = False) -> None:
    """Take in bank statements: files, and all files of folders. Safe to interrupt and repeat.

    Which bank a file is of is told by the account in it. The same file changes nothing; a line
    that another statement told before is booked once; a long file goes on where it was.
    Ends with 0: all were taken in. 1: some were not. 2: none was.

    Examples: `nostro ingest statement.xml`, `nostro ingest inbox/ --customer VESTERHOLT --json`.

    Parameters
    ----------
    files
        Files or folders; of a folder every file in it, by name.
    customer
        The code of the customer; needed when there are several.
    json
        One object a file on stdout.
    """
    from nostro.cli import ingest_files

    sys.exit(ingest_files.take_in(files, customer, as_json=json))
