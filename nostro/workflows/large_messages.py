"""Messages of banks that are not read whole: long files of statements, and archives.

1. A long file of statements is taken in portion by portion, by the worker (statement_files).
2. An archive is kept as it came; each file in it becomes a message of the same bank.
Where a bank seals its files nothing of this is done before they were opened: what is not sealed
there is not surely the bank's.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from nostro import formats
from nostro.domain.errors import NostroError
from nostro.domain.problem import Problem
from nostro.domain.statement import ReportKind, StatementHeader
from nostro.formats import Format, Profile, container
from nostro.ports import Incoming, SealsFiles
from nostro.storage import evidence, restoring
from nostro.storage.tenancy import tenant
from nostro.workflows import statement_files, statement_intake
from nostro.workflows.channel import open_channel, profile_of
from nostro.workflows.context import Acting


def is_sealed(acting: Acting, connection_id: UUID) -> bool:
    with tenant(acting.tenant_id):
        return isinstance(open_channel(acting, connection_id), SealsFiles)


def given_on(acting: Acting, connection_id: UUID, evidence_id: UUID) -> str:
    """Give a long file of statements to the worker; returns its format, "" for what is read whole.
    While a restore keeps the connection stopped each line is looked at whole."""
    with tenant(acting.tenant_id):
        if restoring.stop_of(connection_id) is not None:
            return ""
    if is_sealed(acting, connection_id):
        return ""
    with tenant(acting.tenant_id):
        try:
            form = formats.identify(evidence.reading(evidence_id).read(formats.HEAD_BYTES))
            profile = profile_of(connection_id, form.name)
            if not _begins_as_statement(form, profile, evidence_id):
                return ""
        except NostroError:  # Whoever reads it whole tells what is wrong with it.
            return ""
    statement_files.begin(acting, evidence_id, form, profile, connection_id)
    return form.name


def _begins_as_statement(form: Format, profile: Profile, evidence_id: UUID) -> bool:
    for record in formats.reader(form)(evidence.reading(evidence_id), profile):
        if not isinstance(record, Problem):
            whole = isinstance(record, StatementHeader)
            return whole and record.kind is ReportKind.PREVIOUS_DAY
    return False


def files_in(acting: Acting, name: str, content: bytes) -> Iterator[Incoming]:
    """The files of an archive, each as a message; all are unpacked before the first is given.
    Raises Invalid for an archive that cannot be opened, or was made to harm."""
    with tempfile.TemporaryDirectory(prefix="nostro-") as folder:
        for inside, path in statement_intake.unpacked(io.BytesIO(content), name, Path(folder)):
            yield Incoming(
                name=inside,
                media_type="application/octet-stream",
                content=path.read_bytes(),
                received_at=acting.world.clock.now(),
            )


def is_archive(acting: Acting, connection_id: UUID, content: bytes) -> bool:
    """Is a message an archive of files, and no workbook?"""
    return container.holds_files(io.BytesIO(content)) and not is_sealed(acting, connection_id)
