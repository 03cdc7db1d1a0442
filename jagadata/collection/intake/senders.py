"""Who a mail is from: the OPD of its address, or the one that its subject claims. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jagadata.office.collection import Collection

AUTOMATIC_NAMES = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?)([+.-].*)?")
_TAG = re.compile(r"\[\s*([a-z0-9_-]{1,64})\s*\]")
_ADDRESS = r"[^\s<>,;:\"()@]+@[^\s<>,;:\"()@]+"


@dataclass(frozen=True, kw_only=True)
class Senders:
    """The addresses of the office file, looked up in constant time. `own`: the office's, from which no data comes."""

    addresses: Mapping[str, str]  # 'data@bkpsdm.go.id' or '@bkpsdm.go.id' -> id of the OPD
    agencies: frozenset[str]
    own: frozenset[str]
    authority: str = ""  # authserv-id: only whom this server vouches for is believed

    @classmethod
    def make(cls, policy: Collection, own: Iterable[str] = ()) -> Self:
        return cls(
            addresses={
                address.lower(): agency.id
                for agency in policy.agencies
                for address in (*agency.senders, *agency.email)
            },
            agencies=frozenset(agency.id for agency in policy.agencies),
            authority=(policy.mailbox.require_authentication or "") if policy.mailbox else "",
            own=frozenset(address for one in (policy.address, *own) if (address := parse_address(one))),
        )

    def agency(self, address: str) -> str:
        """The OPD's id, ''. A whole address counts before its domain."""
        if address in self.own:
            return ""
        return self.addresses.get(address) or self.addresses.get("@" + address.rpartition("@")[2], "")

    def claim(self, subject: str) -> str:
        """The OPD that a tag in the subject names ('[bkpsdm] Data semester 2'), ''. A claim proves nothing."""
        tags = _TAG.findall(subject.lower())
        return next((tag for tag in tags if tag in self.agencies), "")


def parse_address(header: str) -> str:
    """The one address of a From header as it was sent, in lower case; '' where there are none, several, or trickery.

    What stands before the angle brackets is a name and proves nothing, whatever address it looks like.
    """
    text = " ".join(header.split())
    angled = re.fullmatch(rf"([^<>]*)<\s*({_ADDRESS})\s*>", text)
    if angled:
        name = re.sub(r'"[^"]*"', "", angled[1])
        return "" if "@" in name and "," in name else angled[2].lower()
    bare = re.fullmatch(rf"({_ADDRESS})(?: \([^()]*\))?", text)
    return bare[1].lower() if bare else ""
