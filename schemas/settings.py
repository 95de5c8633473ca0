"""The configuration file (``hub.toml``). Secrets come from the environment."""

from __future__ import annotations

import datetime as dt
from ipaddress import ip_network
from typing import Annotated, Literal, Self

from pydantic import Field, IPvAnyNetwork, StringConstraints, model_validator

from schemas.access import Role
from schemas.base import Code, Instant, Line, Shape
from schemas.calendar import Contact
from schemas.notification import Digest
from schemas.policy import Agreement, FormerRelease, Reached, SystemCheck
from schemas.sealed import EncryptionKey

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""The name of an environment variable that holds a secret."""


class TlsSettings(Shape):
    """TLS of the web server's own, where agencies' systems show certificates."""

    certificate: Line
    """The hub's, with what leads to its authority: a file in PEM."""
    key: Line
    """Its private key: a file in PEM that the hub's account alone reads."""
    clients: Line
    """The authorities by which agencies' certificates are signed: a file in PEM."""


class HttpSettings(Shape):
    """Where the HTTP connector and monitor listen."""

    host: Line = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    """0 takes a free port."""
    referrals: Code | None = None
    """The agency as which the referral form at ``/refer`` sends (R2, R6); None: there is none."""
    tls: TlsSettings | None = None
    """None: a reverse proxy with TLS stands before it, and systems come by tokens alone."""
    largest_body: int = Field(default=2_000_000, ge=1000)
    """Bytes; a larger body is refused with 413."""
    head_seconds: float = Field(default=10.0, gt=0)
    """How long a sender may take for the head of a request, from when it connected or began."""
    body_seconds: float = Field(default=60.0, gt=0)
    """How long it may take for a body."""
    answer_seconds: float = Field(default=30.0, gt=0)
    """How long it may leave an answer lying."""
    idle_seconds: float = Field(default=5.0, gt=0)
    """How long a connection is kept between requests."""
    most_connections: int = Field(default=800, ge=1)
    """Half of them may be pages that are kept up to date: those of some 200 people, and more."""
    most_from_one_address: int = Field(default=500, ge=1)
    """Half of them pages here, too, as an office of 200 people may be one address. So is a reverse
    proxy: no more than it may have.
    """
    proxies: tuple[Line, ...] = ("127.0.0.1",)
    """Addresses of reverse proxies: from these alone ``X-Forwarded-For`` is believed."""


class Runtime(Shape):
    """Which runtime: SQLite alone is embedded; PostgreSQL with topics and queues is production."""

    store: Line = "sqlite:///hub-data/hub.db"
    topics: Line | None = None
    """``kafkas://user:password@host:port[,host:port]`` for production; None: topics are the journal
    itself. Behind ``?``: ``ca``, ``certificate`` and ``key`` (files), ``mechanism``."""
    queues: Line | None = None
    """``amqp://user:password@host:port/vhost``; None: edge queues are in the store."""
    key_variable: Variable = "HUB_KEY"
    """Holds the key-encryption key: 32 bytes in base64; while keys are wrapped anew the new one, a
    space, and the old one."""
    key_file: Line = "hub-data/hub.key"
    """Used where the variable is unset; made on first start, readable by its owner only."""
    key_service: Line | None = None
    """``package.module:function``: what wraps keys in place of both, such as an adapter to a
    PKCS#11 device or a KMS. It is called with the environment and answers a
    ``stores.wrapping.Wrapping``."""
    erased_file: Line | None = None
    """What was erased, so that a store that is put back from a backup is erased again: ids alone.
    None: ``erased.jsonl`` beside ``key_file``. Not to be put back with an older store."""
    work: Line | None = None
    """The hub's own folder for files that agencies dropped; None: ``work`` beside the store's file,
    or beside ``key_file`` where the store is on a server."""
    partitions: int = Field(default=4, ge=1, le=256)
    """Of each Kafka topic."""
    workers: tuple[Line, ...] = ()
    """The steps of each worker in production, as for ``hub run``: ``all``, or ``link rate``.

    Empty: one for each step of the flow, and one for all steps beside it.
    """
    batch: int = Field(default=200, ge=1, le=5000)
    """Messages in one transaction."""


class BearerToken(Shape):
    """One of an agency's bearer tokens, and when it opens."""

    sha256: Digest
    since: Instant | None = None
    until: Instant | None = None

    def opens(self, at: dt.datetime) -> bool:
        """Whether it does at this moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


class Certificate(BearerToken):
    """One of an agency's certificates: the digest is of the whole of it, in DER."""


class HttpCredential(Shape):
    """The SHA-256 of an agency's bearer token (``hub config token`` makes both), or of two: the one
    that ends, and the one in its place. The same of certificates (``hub config certificate``).
    """

    token_sha256: Digest | None = None
    """Of one that never ends."""
    tokens: Annotated[tuple[BearerToken, ...], Field(max_length=2)] = ()
    certificates: Annotated[tuple[Certificate, ...], Field(max_length=2)] = ()
    """With which its system connects, where the web server has ``tls``."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        ways = (self.token_sha256, self.tokens, self.certificates)
        if not any(ways) or (self.token_sha256 and self.tokens):
            raise ValueError("write token_sha256, or tokens or certificates that each have sha256")
        return self

    @property
    def all_tokens(self) -> tuple[BearerToken, ...]:
        """However they are written."""
        return self.tokens or tuple(
            BearerToken(sha256=digest) for digest in [self.token_sha256] if digest
        )


class FolderCredential(Shape):
    """A watched folder that only this agency's account may write; it is refused when others can."""

    path: Line
    owner: Line | None = None
    """The Unix account whose files are taken; None: the account that runs the hub."""


class QueueCredential(Shape):
    """A queue and account of the agency's own, at the hub's broker or at theirs."""

    url_variable: Variable
    """Holds the broker's URL, which has the password."""
    queue: Line
    receipts: Line | None = None
    """Where receipts go; None: ``<queue>.receipts``."""

    @property
    def receipts_queue(self) -> str:
        """Where receipts go."""
        return self.receipts or f"{self.queue}.receipts"


class MllpSettings(Shape):
    """Where this agency's HL7 v2 messages come in over MLLP.

    MLLP knows neither tokens nor TLS: who may connect is whoever a tunnel with mutual TLS lets
    through to here, and ``peers``; all that comes is this agency's.
    """

    host: Line = "127.0.0.1"
    port: int = Field(ge=0, le=65535)
    """Of this agency alone; 0 takes a free one."""
    peers: tuple[IPvAnyNetwork, ...] = (ip_network("127.0.0.1"), ip_network("::1"))
    """Addresses or networks from which it is taken; the tunnel's, where there is one."""
    idle_seconds: float = Field(default=600.0, gt=0)
    """How long a connection is kept while no message begins."""
    message_seconds: float = Field(default=60.0, gt=0)
    """How long a message may take from its first byte to its last, and its answer to be read."""
    most_connections: int = Field(default=10, ge=1)


class Push(Shape):
    """How the hub sends an agency its letters, where it does not fetch them over HTTP."""

    kind: Literal["http", "queue"]
    shape: Literal["hub", "mais"] = "hub"
    """``mais``: checks and replies in the shapes of the draft MAIS standard; over HTTP the answer
    to a check may stand in the response."""
    url: Line | None = None
    """For http: where to POST."""
    url_variable: Variable | None = None
    """For queue: the variable that holds the broker's URL."""
    queue: Line | None = None
    token_variable: Variable | None = None
    """For http: the variable that holds the bearer token the agency wants."""


class LettersFolder(FolderCredential):
    """A folder of the agency's into which the hub writes its letters, a file each (R43, R56)."""

    form: Line | None = None
    """The form of a letter: of ``connectors/agencies/forms`` or a path to one; None: the event, in
    JSON."""


class AgencySettings(Reached):
    """One agency: joining one is this and nothing else (R5)."""

    name: Line
    signpost_contact: Line
    """Whom to call about something this agency holds (R34)."""
    mapping: Line | None = None
    """A mapping of ``connectors/agencies`` or a path to one; None: only the hub's own messages."""
    open_cases: Line | None = None
    """The mapping of its open cases (R7), which only the lead agency may send without one."""
    mappings: tuple[Line, ...] = ()
    """Of what else it sends in its own form: entries of registers, check replies, enquiries."""
    agreement: Agreement | None = None
    http: HttpCredential | None = None
    folder: FolderCredential | None = None
    queue: QueueCredential | None = None
    mllp: MllpSettings | None = None
    push: Push | None = None
    letters: LettersFolder | None = None
    """Where its letters are put as files, for a system that reads files; in place of ``push``."""
    manifest: dt.time | None = None
    """By when on every day, in the time of the United Kingdom, its system says how many it sent
    (``mash.manifest.v1``); None: it was not agreed that it does."""
    encryption: Annotated[tuple[EncryptionKey, ...], Field(max_length=2)] = ()
    """To which its letters are sealed on their way, each with its time; two while one is renewed.
    Empty: they go as they are, inside TLS alone."""
    plain: Code | None = None
    """The type of message, such as ``mash.enquiry.v1``, that a body without an event's attributes
    is, for systems that speak no CloudEvents."""
    decision_makers: tuple[Line, ...] = ()
    """Who decides for it about its items (R29); a decision by anybody else is refused."""
    social_workers: tuple[Line, ...] = ()
    """Of the lead agency: who rates, asks, closes and settles links (R17, R38); empty: whoever its
    system says."""
    chain: tuple[Contact, ...] = ()
    """Along whom a difference of opinion goes up on its side (R51); empty: ``signpost_contact``."""
    standing_release: tuple[FormerRelease, ...] = ()
    """No longer how anything is released: ``hub config check`` says what to write instead."""


class WitnessSettings(Shape):
    """Somebody who cosigns what this hub signs of its record (``hub witness``)."""

    url: Line
    """Where it listens, ``https://…``."""
    key: Line
    """Its public key, as ``hub witness init`` printed it."""


class PersonSettings(Shape):
    """Somebody who may read or do more than see how the hub is, as far as the access rules let."""

    name: Line
    """As the record keeps it; ``--who`` of a command."""
    agency: Code
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    account: Line | None = None
    """The operating system's account that is theirs: who logged in with it acts as them."""
    passphrase: Line | None = None
    """What `hub config passphrase` made of theirs: by it they sign in where they have no account of
    their own."""
    since: dt.date | None = None
    until: dt.date | None = None
    """The last day."""

    def is_there(self, day: dt.date) -> bool:
        """Whether they are to be let in on that day."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


class IdentitySettings(Shape):
    """How people sign in, and for how long: at an OpenID Connect provider where ``issuer`` is."""

    issuer: Line | None = None
    """The provider, as its discovery document names it; None: people of ``[[people]]`` alone."""
    client_id: Line | None = None
    """What the hub is called there."""
    client_secret_variable: Variable | None = None
    """Holds the secret that the provider gave the hub; None: it is a public client."""
    url: Line | None = None
    """Where people reach the monitor, ``https://…``; None: they sign in by command alone."""
    scopes: tuple[Line, ...] = ("openid", "profile")
    name_claim: Line = "preferred_username"
    """What the record calls them: the provider's people must not be able to change it, and no two
    may share it."""
    agency_claim: Line = "agency"
    roles_claim: Line = "roles"
    agencies: dict[Line, Code] = Field(default_factory=dict)
    """Which agency a value of that claim is; what is not here is an agency's code."""
    roles: dict[Line, tuple[Role, ...]] = Field(default_factory=dict)
    """Which roles a value of that claim is; what is not here is none."""
    deciding_acr: tuple[Line, ...] = ()
    """How somebody has to have signed in to decide, in the provider's words; empty: in any way."""
    deciding_minutes: int = Field(default=15, ge=1)
    """Who decides has to have signed in within so many."""
    idle_minutes: int = Field(default=30, ge=1)
    """After so many in which somebody did nothing they have to sign in again,"""
    longest_hours: int = Field(default=10, ge=1)
    """and after so many in any case."""


class HubSettings(Shape):
    """The whole file."""

    area: Code
    """The local authority, such as its ONS code in lower case: linking is serial within it."""
    lead_agency: Code
    profile: Line = "sample-borough"
    """A borough profile of ``ops/profiles`` or a path to one."""
    linkage_model: Line | None = None
    """A linkage model of ``router/linkage`` or a path to one; None: the newest that ships."""
    access: Line = "standard"
    """The access rules: of ``ops/access`` or a path to some."""
    people: tuple[PersonSettings, ...] = ()
    """Who acts by commands; whoever is not among them sees how the hub is, and no contents."""
    identity: IdentitySettings = IdentitySettings()
    runtime: Runtime = Runtime()
    http: HttpSettings = HttpSettings()
    checks: tuple[SystemCheck, ...] = ()
    """The systems that every referral is checked against, as far as agreements name a basis."""
    witnesses: tuple[WitnessSettings, ...] = ()
    """Best one of each partner's own: nobody who may write the store should run them all."""
    agencies: dict[Code, AgencySettings]
