"""What the numbers of CONTRL mean: UN/EDIFACT service code lists 0083 (action) and 0085 (error)."""

from __future__ import annotations

from nostro.domain.transport_acknowledgement import FileVerdict

VERDICTS = {
    "4": FileVerdict.REJECTED,
    "7": FileVerdict.ACCEPTED,
    "8": FileVerdict.RECEIVED,
    # Withdrawn in 2001; some translators still write them.
    "1": FileVerdict.ACCEPTED,
    "2": FileVerdict.ACCEPTED_WITH_ERRORS,
    "3": FileVerdict.PARTLY_ACCEPTED,
    "5": FileVerdict.RECEIVED,
    "6": FileVerdict.REJECTED,
}
DUPLICATE = frozenset({"26"})
FAULTS = {
    "2": "the syntax version or level is not supported",
    "7": "the recipient is another one",
    "12": "the value is invalid",
    "13": "something mandatory is missing",
    "14": "the value is not supported here",
    "15": "this is not supported here",
    "16": "there are too many parts",
    "17": "there is no agreement with the sender",
    "18": "the error is not specified",
    "19": "the decimal mark is invalid",
    "20": "a character is not allowed as service character",
    "21": "a character is invalid",
    "22": "a service character is invalid",
    "23": "the sender is unknown",
    "24": "the file is too old",
    "25": "the test indicator is not supported",
    "26": "the file came before: duplicate",
    "27": "the security function is not supported",
    "28": "references of header and trailer differ",
    "29": "a count does not fit",
    "30": "groups and messages are mixed",
    "31": "a group holds messages of several types",
    "32": "there is nothing inside",
    "33": "something stands outside of any message or group",
    "35": "something is repeated too often",
    "36": "a group of segments is repeated too often",
    "37": "a character is of the wrong kind",
    "38": "there is no digit before the decimal mark",
    "39": "the element is too long",
    "40": "the element is too short",
    "41": "the network failed for good",
    "42": "the network failed for now",
    "43": "the recipient is unknown",
}
