"""What a change is called on its form and beside another: each question, its hint, each part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LABELS: Final[Mapping[str, str]] = {
    "person": "Person",
    "owner": "Who answers for it",
    "lender": "Who is away",
    "grants": "What the person may do from then on",
    "roles": "Roles",
    "role": "Role",
    "until": "Until (UTC)",
    "minutes": "For how many minutes",
    "name": "Name",
    "number": "Payee's number",
    "iban": "IBAN",
    "bic": "BIC",
    "scopes": "What it may be used for",
    "networks": "Networks that it is taken from",
    "days": "Ends after how many days",
    "needed": "People who approve a payment",
    "rules": "Rules: name, for which payments, who approves them",
    "routes": "Rules: name, account, rail, charges, fallback, for which payments",
    "examples": "Examples: a payment, the rule that it falls under",
    "valid_from": "Counts from (UTC)",
    "above": "More people above an amount",
    "settings": "Settings",
    "address": "Address of the partner's person",
    "groups": "Groups of your sign-in service, and their roles",
    "groups_claim": "What the service calls groups",
    "months": "Months after the end of a file's year",
    "despite_doubt": "Also while nobody knows whether the bank has a file",
    "kind": "Kind of connection",
    "connection": "Connection to the bank",
    "cut_offs": "Until when it takes payments",
    "closed_days": "Days on which it is closed",
    "early_closings": "Days on which it closes early",
    "opens": "From when on it takes files",
    "time_zone": "On the clock of",
    "takes_ahead_days": "How many days ahead it takes files",
    "calendars": "Calendars that it keeps besides the clearing's",
    "from_day": "Counts from",
    "fingerprint": "Fingerprint of the server's host key",
    "issuer": "Issuer, as the service calls itself",
    "client_id": "Client id, as nostro is registered there",
    "client_secret": "Client secret",
    "proof_above": "A fresh proof of the person above an amount",
    "limits": "Limits: name, how much, for which payments, hold or refuse",
    "terms": "Accounts: IBAN, the bank's number of it, layouts of both files, until when to decide,"
    " pay or return when nobody does, a second person above, company, days until stale",
    "newcomers": "Whoever was never here becomes a person at the first sign-in",
}
HINTS: Final[Mapping[str, str]] = {
    "grants": "Nothing ticked ends the membership.",
    "roles": "Nothing ticked: all that he or she holds for good.",
    "networks": "One a line, like 203.0.113.0/24. None: from anywhere.",
    "above": "One a line, like 100000.00 EUR | 3. What is left out is not kept.",
    "rules": "One a line, like Large | above 100000.00 EUR and entity DE01 | 2 approver then"
    " 1 treasurer. The first that fits a payment counts.",
    "routes": 'One a line, like Swiss francs | CH9300762011623852957 | | | | currency == "CHF".'
    " What is empty is as the standard has it. The first whose condition holds and whose way fits"
    " counts.",
    "examples": "One a line, like amount 12000.00 CHF, payee_country CH | Swiss francs. Each rule"
    " needs one; standard is what falls under no rule.",
    "valid_from": "Nothing: as soon as it is agreed to.",
    "groups": "One a line, like treasury | approver. None: roles are asked for as for anybody.",
    "kind": "As the terminal lists them: nostro connections kinds.",
    "settings": "One a line, like host = sftp.bank.example.",
    "cut_offs": "One a line, like 15:00 Europe/Berlin EUR; with a rail, and -1 for a day before.",
    "closed_days": "One a line, like 2026-12-24 Christmas Eve.",
    "early_closings": "One a line, like 2026-12-31 12:00 New Year's Eve.",
    "opens": "A time like 08:00.",
    "time_zone": "Like Europe/Berlin. Nothing: that of the cut-off.",
    "takes_ahead_days": "0: on the day itself. Nothing: not known.",
    "calendars": "One a line, like england. Nothing: that of the account's country.",
    "from_day": "A day like 2026-12-01. Nothing: at once.",
    "until": "Nothing: it ends now.",
    "terms": "One a line, like DE02100100100006820101 | 4471000123 | bank_of_america | generic |"
    " 14:30 America/New_York | return | 10000.00 USD | VESTERHOLT INC | 180.",
    "proof_above": "One sum a line, like 50000.00 EUR. None: no proof is asked for.",
    "limits": "One a line, like Day | 1000000.00 EUR a day by account | entity DE01 | hold. What is"
    " left out is not kept.",
    "connection": "Its name, as nostro connections list tells it.",
    "issuer": "Exactly as in its .well-known/openid-configuration; it is asked now.",
    "client_secret": "Kept encrypted beside the request and shown to nobody. Nothing: the one that"
    " is kept stays, as long as issuer and client id stay.",
}
# The parts of a change, where the name of the field alone would not say it.
SIDES: Final[Mapping[str, str]] = {
    "bic": "BIC",
    "iban": "IBAN",
    "more": "More people above",
    "claim": "Read from the claim",
    "days": "Days until it ends",
    "from": "Taken from",
    "have_no_other_way_in": "Cannot sign in any more",
    "months": "Months after the end of a file's year",
    "needed": "People who approve",
    "people": "People who approve",
    "newcomers": "Newcomers become people here",
    "proof_above": "Fresh proof above",
}
# What a key may be used for.
SCOPES: Final[Mapping[str, str]] = {
    "payments:read": "Read payments",
    "payments:write": "Make payments",
    "payments:approve": "Approve payments",
    "payments:cancel": "Hold and take back payments",
    "statements:read": "Read statements",
    "accounts:read": "Read accounts",
    "events:read": "Read events",
    "webhooks:manage": "Manage webhooks",
    "submissions:read": "Read files to banks",
    "files:read": "Download files as they are",
    "cases:read": "Read cases",
    "cases:write": "Work on cases",
    "stops:read": "Read stops",
    "stops:write": "Stop payments",
    "confidential:read": "Read confidential payments",
    "access:read": "Read who may do what",
    "access:ask": "Ask for changes of access",
}
