"""Queues, topics and buses of one account, and what was sent to them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One message.

    Attributes:
        place: Such as `queues/NAME`, `topics/NAME` or `buses/NAME`.
        body: As it was sent; Base64 if its sender wrote that.
        principal: Who sent it.
    """

    place: str
    body: str
    principal: str


@dataclass(kw_only=True, slots=True)
class MessagingBackend:
    """What there is to send to.

    Attributes:
        places: What a message may be sent to; nothing until a test adds it.
        sent: All messages, oldest first.
    """

    places: set[str] = field(default_factory=set)
    sent: list[Sent] = field(default_factory=list)

    def clear(self) -> None:
        """Forget places and messages."""
        self.places.clear()
        self.sent.clear()
