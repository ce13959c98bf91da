"""What the letters and numbers of X12 acknowledgements mean.

ASC X12 data elements 715 and 717 (verdicts), I17 and I18 (TA1), 716, 718, 720, 723 (errors of
groups, transaction sets, segments and elements).
"""

from __future__ import annotations

from nostro.domain.transport_acknowledgement import FileVerdict

VERDICTS = {
    "A": FileVerdict.ACCEPTED,
    "E": FileVerdict.ACCEPTED_WITH_ERRORS,
    "P": FileVerdict.PARTLY_ACCEPTED,
    "R": FileVerdict.REJECTED,
    # Its authentication, its assurance, or what it was decrypted to does not hold.
    "M": FileVerdict.REJECTED,
    "W": FileVerdict.REJECTED,
    "X": FileVerdict.REJECTED,
}
DUPLICATE_INTERCHANGE = frozenset({"025"})
INTERCHANGE_FAULTS = {
    "001": "control numbers of header and trailer differ",
    "002": "the standard is not supported",
    "003": "the version is not supported",
    "004": "the segment terminator is invalid",
    "005": "the sender's qualifier is invalid",
    "006": "the sender is invalid",
    "007": "the receiver's qualifier is invalid",
    "008": "the receiver is invalid",
    "009": "the receiver is unknown",
    "014": "the date is invalid",
    "015": "the time is invalid",
    "018": "the control number is invalid",
    "020": "the test indicator is invalid",
    "021": "the number of groups is invalid",
    "022": "the control structure is invalid",
    "023": "the file ends too early",
    "024": "the content is invalid",
    "025": "the control number was used before: duplicate",
}
GROUP_FAULTS = {
    "1": "the group is not supported",
    "2": "the version of the group is not supported",
    "3": "the trailer of the group is missing",
    "4": "control numbers of the group's header and trailer differ",
    "5": "the number of transaction sets does not fit",
    "6": "the control number of the group is invalid",
}
SET_FAULTS = {
    "1": "the transaction set is not supported",
    "2": "the trailer is missing",
    "3": "control numbers of header and trailer differ",
    "4": "the number of segments does not fit",
    "5": "segments are in error",
    "6": "the identifier is missing or invalid",
    "7": "the control number is missing or invalid",
}
SEGMENT_FAULTS = {
    "1": "the segment is unknown",
    "2": "the segment is not expected here",
    "3": "the segment is missing",
    "4": "the loop is repeated too often",
    "5": "the segment is repeated too often",
    "6": "the segment is not in this transaction set",
    "7": "the segment is out of order",
    "8": "elements of the segment are in error",
}
ELEMENT_FAULTS = {
    "1": "the element is missing",
    "2": "the element is missing beside another one",
    "3": "there are too many elements",
    "4": "the element is too short",
    "5": "the element is too long",
    "6": "a character is invalid",
    "7": "the code is invalid",
    "8": "the date is invalid",
    "9": "the time is invalid",
    "10": "the element excludes another one",
}
