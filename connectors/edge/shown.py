"""What an approval request asks, in words: about and for whom, and exactly what would leave."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.identity import IdentityBlock
from schemas.notices import ApprovalRequest
from schemas.person import Address, Name, RelatedPerson
from schemas.product import Redaction
from schemas.statement import ReleaseStatement


def lines(request: ApprovalRequest) -> Iterator[str]:
    """All that somebody has to see before they decide; the original with what goes marked."""
    item, due = request.item, request.due_at
    yield f"May this leave? It is {item.owner}'s, for {request.recipient}, for {request.purpose}."
    yield from filter(None, (request.says, request.to_do))
    if request.contact:
        yield f"  ring          {request.contact}"
    if request.your_reference:
        yield f"  you call it   {request.your_reference}"
    yield f"  on the basis  {_basis(request)}"
    yield f"  rated         {request.colour}"
    if due:
        yield f"  decide by     {due:%A %d %B %Y, %H:%M} UTC"
    if request.consent:
        yield f"  parents       refused; {request.basis_reason or 'nothing says why all the same'}"
    if request.follows:
        yield "  It follows a product that has gone without it."
    yield "About"
    yield from _about(request.about)
    yield "As it was told, with [what is taken out -> what stands there instead]"
    yield f"  {marked(item.original, item.redactions)}"
    yield "Sanitised, as it would leave (--choice sanitised)"
    yield f"  {item.sanitised}"
    for one in request.statements[:1]:  # all say the same of it, or nothing is signed
        yield from _signed(one)


def _basis(request: ApprovalRequest) -> str:
    said = [request.legal_basis, *(one.legal_gateway for one in request.statements)]
    return next(filter(None, said), "that its letter does not say")


def _signed(one: ReleaseStatement) -> Iterator[str]:
    since, until = (f"{at:%A %d %B %Y, %H:%M}" for at in (one.not_before, one.expires))
    yield f"Approved, it may leave from {since} until {until} UTC"
    yield f"  as {' and '.join(source.owner for source in one.sources)} told it"
    yield f"  {one.handling}"
    yield f"  asked by {one.profile}"
    if one.people > 1:
        yield "  Two people have to sign: `hub approvals countersign` for the second."


def to_sign(request: ApprovalRequest, text: str) -> Iterator[str]:
    """What stands beside a signature: all of the request, and which of the words leave."""
    yield from lines(request)
    yield "You let it leave in these words:"
    yield f"  {text}"


def marked(text: str, redactions: tuple[Redaction, ...]) -> str:
    """A text with what is taken out of it, and what stands in its place."""
    parts, at = [], 0
    for one in redactions:
        gone = text[one.start : one.end]
        parts += [text[at : one.start], f"[{gone} -> {one.replacement or 'nothing'}]"]
        at = one.end
    return "".join((*parts, text[at:]))


def _about(block: IdentityBlock | None) -> Iterator[str]:
    if block is None:
        yield "  nobody whom the product names"
        return
    yield f"  {' / '.join(map(_name, block.names)) or 'somebody whose name is not told'}"
    if block.born:
        yield f"  born or expected {block.born.date}"
    yield from (f"  {one.system} {one.value}" for one in block.identifiers)
    yield from (f"  {_address(one)}" for one in block.address)
    if block.school:
        yield f"  school: {block.school.name}"
    yield from (f"  {_relative(one)}" for one in (*block.family, *block.risks))
    yield from (f"  {one.field} is not in this letter: {one.reason}" for one in block.left_out)
    if block.left_out:
        yield "  What is signed may cover that too: that it does not, nobody can see here."


def _name(name: Name) -> str:
    return " ".join((*name.given_name, *name.family_name))


def _address(place: Address) -> str:
    parts = (place.line1, place.line2, place.city, place.postcode)
    return ", ".join(part for part in parts if part)


def _relative(one: RelatedPerson) -> str:
    risk = f", recorded as {one.risk}" if one.risk else ""
    return f"{one.relationship or 'related'}: {_name(one.name)}{risk}"
