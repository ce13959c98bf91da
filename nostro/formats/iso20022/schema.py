"""The official schemas of bank messages: whether a bank would accept the form of a message.

The schemas are those of the ISO 20022 Registration Authority, unmodified; see schemas/NOTICE.md.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from nostro.domain.errors import Invalid
from nostro.formats.iso20022.messages import check_plain


@cache
def _schema(name: str) -> etree.XMLSchema:
    found = files("nostro.formats.iso20022").joinpath("schemas", f"{name}.xsd")
    return etree.XMLSchema(etree.fromstring(found.read_bytes()))


def schemas() -> list[str]:
    """The message versions that we hold an official schema of, such as "pain.001.001.09"."""
    folder = files("nostro.formats.iso20022").joinpath("schemas")
    return sorted(f.name[:-4] for f in folder.iterdir() if f.name.endswith(".xsd"))


def validate(data: bytes) -> None:
    """Check a message against the official schema of its own version (ISO 20022 XSD).

    Raises Invalid: `schema_violation` with the first line that breaks it, `schema_unknown` when we
    hold no schema of that version, and `doctype_refused`, `file_cut` or `not_well_formed`.
    """
    check_plain(data)
    document = _document(data)
    name = (etree.QName(document).namespace or "").rpartition(":")[2]
    if name not in schemas():
        raise Invalid(
            "schema_unknown",
            f"We hold no official schema of {name or 'a message without namespace'}.",
            can_do=f"We can check: {', '.join(schemas())}.",
            location=f"line {document.sourceline}",
        )
    schema = _schema(name)
    if not schema.validate(etree.ElementTree(document)):
        log: Any = schema.error_log  # The stubs do not know that it is a list.
        first = log[0]
        raise Invalid(
            "schema_violation",
            f"The message breaks the schema {name}: {first.message}",
            can_do="Correct the message; a bank would refuse it.",
            location=f"line {first.line}",
        )


def _document(data: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:  # What expat lets pass, such as an unknown prefix.
        raise Invalid(
            "not_well_formed",
            f"The file is not well-formed XML ({error.msg}).",
            "It was not used.",
            "Ask the sender for a file that is well-formed XML.",
            location=f"line {error.lineno}",
        ) from None
    # An envelope with a business application header holds the document; a bare one is the root.
    return next(root.iter("{*}Document"), root)
