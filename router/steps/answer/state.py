"""What answering remembers of an enquiry that was admitted."""

from __future__ import annotations

from typing import Literal

from schemas.base import Code, Line, Shape
from schemas.enquiries import Enquiry, Match
from schemas.policy import EnquiryTerms


class Answering(Shape):
    """An enquiry under way, or answered; then ``enquiry`` and ``matches`` are let go."""

    agency: Code
    """Who asks."""
    area: Code
    by_policy: Literal["permit", "review"]
    sharing_policy: Line
    terms: EnquiryTerms
    """As they were when it was admitted."""
    enquiry: Enquiry | None
    referred: bool = False
    """Whether it is with a human."""
    matches: tuple[Match, ...] = ()
    """What the human decides among."""
