"""The four-eyes rule in forty lines: who may decide on what, and who is left to.

It knows nothing of the product. People are names; a right is held for good, or lent by somebody
until he loses it himself. The same rule holds for access and for payments: an author is whoever
asked, made, or is spoken about; each agreement is one person's own or his lender's, never both.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FourEyes:
    """`own` holds a right for good; `lent` maps a stand-in to those whose right he was lent."""

    needed: int
    own: set[str] = field(default_factory=set)
    lent: dict[str, set[str]] = field(default_factory=dict)

    def principals(self, who: str) -> set[str]:
        """In whose place somebody decides."""
        lenders = {one for one in self.lent.get(who, ()) if one in self.own}
        return ({who} if who in self.own else set()) | lenders

    def may_agree(self, who: str, authors: set[str], agreed: dict[str, set[str]]) -> bool:
        """Never an author, never twice, never only in the place of one who has had his say."""
        said = set(agreed).union(*agreed.values()) if agreed else set()
        return who not in authors | set(agreed) and bool(self.principals(who) - authors - said)

    def is_made(self, agreed: dict[str, set[str]]) -> bool:
        """Enough people agreed who still may."""
        return sum(bool(self.principals(who)) for who in agreed) >= self.needed

    def could_be_decided(self, authors: set[str]) -> bool:
        """Whether enough others are left; asked before anybody waits in vain."""
        able = [who for who in self.own | set(self.lent) if self.may_agree(who, authors, {})]
        return len(able) >= self.needed

    def locks_out(self, after: set[str], at_least: int) -> bool:
        """Whether a change would leave fewer than it takes, and fewer than there were."""
        return len(after) < at_least and len(after) < len(self.own)
