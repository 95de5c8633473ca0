"""What deduplication remembers of a reference; intake reads it too, to answer a resend at once."""

from __future__ import annotations

from schemas.base import Identity, Shape
from schemas.notification import Digest


class Version(Shape):
    """One content that came under a reference, and the referral that it made."""

    content_digest: Digest
    referral_id: Identity


class ReferenceVersions(Shape):
    """Every content that came under one agency's reference, oldest first."""

    versions: tuple[Version, ...] = ()

    def referral_with(self, content_digest: str) -> str | None:
        """The referral that this very content made, if it came before."""
        return next(
            (v.referral_id for v in self.versions if v.content_digest == content_digest), None
        )

    def and_also(self, version: Version) -> ReferenceVersions:
        """With one more version."""
        return ReferenceVersions(versions=(*self.versions, version))


def reference_key(agency: str, reference: str) -> str:
    """The key of an agency's reference."""
    return f"{agency}/{reference}"
