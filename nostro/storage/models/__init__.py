"""Every table. Only storage knows them; what leaves storage are structs of the domain."""

from nostro.storage.models.access import Invitation, StepUp
from nostro.storage.models.advice import AdviceNotice, AdviceReader, AdvisedPayment
from nostro.storage.models.case import (
    Case,
    Freeze,
    FreezeLift,
    OperatorEvidence,
    PayeeChange,
)
from nostro.storage.models.cash import (
    Allocation,
    Balance,
    BankTransaction,
    JournalEvent,
    JournalLine,
    Match,
    OpenItem,
    OpenItemList,
    RepeatedLine,
    Statement,
    StatementFile,
)
from nostro.storage.models.change import ChangeAgreement, ChangeRequest, PolicyVersion
from nostro.storage.models.check import CheckException, IssuedCheck
from nostro.storage.models.credit import CreditNote, Netting
from nostro.storage.models.debtor import Debtor, DebtorKey
from nostro.storage.models.item_key import OpenItemKey, PayerKey
from nostro.storage.models.keeping import (
    DataKey,
    EvidenceKey,
    LegalHold,
    RetentionRule,
    StoredSecret,
)
from nostro.storage.models.match_model import MatchModel
from nostro.storage.models.partner import PartnerMembership
from nostro.storage.models.party import (
    Account,
    BankCalendar,
    Connection,
    Customer,
    LegalEntity,
    Partner,
    Payee,
    PayeeAccount,
    Rate,
)
from nostro.storage.models.payee import (
    NameQuestion,
    PayeeConfirmation,
    PayeeDetails,
    PayeeVerification,
)
from nostro.storage.models.payment import (
    Approval,
    Attempt,
    BankMessage,
    Fact,
    Hold,
    Order,
    PaymentRun,
    RunLine,
    Submission,
)
from nostro.storage.models.pending import IntradayReport, PendingTransaction
from nostro.storage.models.people import ApiKey, Membership, Person, SharedNote
from nostro.storage.models.proposal import Adjustment, MatchProposal
from nostro.storage.models.record import (
    AuditStatement,
    Event,
    EventSeal,
    Evidence,
    EvidenceChunk,
    Idempotency,
    SealBatch,
    Seen,
    Unsealed,
)
from nostro.storage.models.screening import ScreeningClearance, WatchList, WatchListPart
from nostro.storage.models.sign_on import FederatedIdentity, IdentityProvider
from nostro.storage.models.webhook import SavedView, WebhookDelivery, WebhookEndpoint

__all__ = [
    "Account",
    "Adjustment",
    "AdviceNotice",
    "AdviceReader",
    "AdvisedPayment",
    "Allocation",
    "ApiKey",
    "Approval",
    "Attempt",
    "AuditStatement",
    "Balance",
    "BankCalendar",
    "BankMessage",
    "BankTransaction",
    "Case",
    "ChangeAgreement",
    "ChangeRequest",
    "CheckException",
    "Connection",
    "CreditNote",
    "Customer",
    "DataKey",
    "Debtor",
    "DebtorKey",
    "Event",
    "EventSeal",
    "Evidence",
    "EvidenceChunk",
    "EvidenceKey",
    "Fact",
    "FederatedIdentity",
    "Freeze",
    "FreezeLift",
    "Hold",
    "Idempotency",
    "IdentityProvider",
    "IntradayReport",
    "Invitation",
    "IssuedCheck",
    "JournalEvent",
    "JournalLine",
    "LegalEntity",
    "LegalHold",
    "Match",
    "MatchModel",
    "MatchProposal",
    "Membership",
    "NameQuestion",
    "Netting",
    "OpenItem",
    "OpenItemKey",
    "OpenItemList",
    "OperatorEvidence",
    "Order",
    "Partner",
    "PartnerMembership",
    "Payee",
    "PayeeAccount",
    "PayeeChange",
    "PayeeConfirmation",
    "PayeeDetails",
    "PayeeVerification",
    "PayerKey",
    "PaymentRun",
    "PendingTransaction",
    "Person",
    "PolicyVersion",
    "Rate",
    "RepeatedLine",
    "RetentionRule",
    "RunLine",
    "SavedView",
    "ScreeningClearance",
    "SealBatch",
    "Seen",
    "SharedNote",
    "Statement",
    "StatementFile",
    "StepUp",
    "StoredSecret",
    "Submission",
    "Unsealed",
    "WatchList",
    "WatchListPart",
    "WebhookDelivery",
    "WebhookEndpoint",
]
