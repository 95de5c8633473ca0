"""What is wrong with who may act, and with how they show who they are."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ops.access import passphrases
from ops.access.accounts import account
from ops.run.configuration import Fault
from schemas.access import Role
from schemas.settings import HubSettings, IdentitySettings


def is_safe(url: str) -> bool:
    """Whether nobody on the way reads along: with TLS, or on this machine."""
    parts = urlsplit(url)
    here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here))


def wrongly_identified(settings: HubSettings, environment: Mapping[str, str]) -> Iterator[Fault]:
    """Ways to sign in that cannot work, or that others on the way could use."""
    for number, person in enumerate(settings.people):
        if person.passphrase is not None and not passphrases.is_sound(person.passphrase):
            what, instead = (
                "was not made by the hub",
                "let its owner make it: `hub config passphrase`",
            )
            yield Fault(f"people[{number}].passphrase", what, instead)
    terms = settings.identity
    if terms.url is not None and not is_safe(terms.url):
        yield Fault("identity.url", "is not https://…", "write where people reach the desks")
    if terms.issuer is not None:
        yield from _provider(terms, environment)
        yield from _mapped(settings)
    elif terms.client_id or terms.roles or terms.agencies:
        what, instead = (
            "is missing, so nobody signs in at a provider",
            "write https://…, as it says",
        )
        yield Fault("identity.issuer", what, instead)


def _provider(terms: IdentitySettings, environment: Mapping[str, str]) -> Iterator[Fault]:
    if not is_safe(terms.issuer or ""):
        yield Fault(
            "identity.issuer", "is not https://…", "write it as the provider's discovery says"
        )
    if terms.client_id is None:
        yield Fault("identity.client_id", "is missing", "write what the hub is called there")
    if "openid" not in terms.scopes:
        yield Fault("identity.scopes", "have no openid, so nobody is named", 'add "openid"')
    variable = terms.client_secret_variable
    if variable and not environment.get(variable):
        instead = "export it where the hub and its commands are started"
        yield Fault("identity.client_secret_variable", f"{variable} is not set", instead)


def _mapped(settings: HubSettings) -> Iterator[Fault]:
    terms = settings.identity
    if not terms.roles:
        what = "are none, so whoever signs in is nobody here"
        instead = 'write which roles a value of the claim is: { mash-auditors = ["auditor"] }'
        yield Fault("identity.roles", what, instead)
    for value, roles in terms.roles.items():
        if Role.SYSTEM in roles:
            instead = "take it out: an agency's system has a credential of its own"
            yield Fault(f"identity.roles.{value}", "system is no person's", instead)
    for value, code in terms.agencies.items():
        if code not in settings.agencies:
            instead = f"add [agencies.{code}]"
            yield Fault(f"identity.agencies.{value}", f"{code} is not configured", instead)


def unproven(settings: HubSettings) -> Iterator[Fault]:
    """People who cannot show who they are, and such as cannot be told apart."""
    shared = defaultdict(list)
    for number, person in enumerate(settings.people):
        if not person.is_there(dt.datetime.now(dt.UTC).date()):
            continue
        if person.account is not None:
            shared[person.account].append(person.name)
        elif person.passphrase is None and not (settings.identity.issuer or settings.identity.url):
            what = f"{person.name} cannot show who they are, so they can do nothing"
            here = f'account = "{account()}"'
            instead = f"write their account ({here} is yours) or a passphrase, or set [identity]"
            instead += " (url alone lets them use passkeys)"
            yield Fault(f"people[{number}]", what, instead)
    for name, people in shared.items():
        if len(people) > 1:
            what = f"{', '.join(people)} have one account, {name}, and cannot be told apart"
            instead = "give each their own, or a passphrase; in production they can do nothing"
            yield Fault("people", what, instead)
