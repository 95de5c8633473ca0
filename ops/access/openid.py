"""Signing in at an OpenID Connect provider: authorisation code with PKCE.

What somebody is, is what the signed ID token says; no other answer of the provider is asked.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from ops.access.proving import CannotSignIn
from ops.access.sessions import Known, now
from ops.run.people import is_safe
from schemas.access import Proof, Role
from schemas.settings import HubSettings, IdentitySettings

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Of signatures alone: with a shared secret whoever has the hub's could sign as the provider."""
_LEEWAY: Final = 60
"""Seconds by which the clocks of hub and provider may differ."""
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """What the provider was asked, to hold its answer against."""

    url: str
    """Where whoever signs in is to go."""
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    at: dt.datetime
    to_decide: bool


@dataclass(frozen=True, slots=True, repr=False)
class Provider:
    """The provider of a hub, as its discovery document says."""

    settings: HubSettings
    secret: str | None
    metadata: Mapping[str, Any]
    http: httpx.Client

    @property
    def _terms(self) -> IdentitySettings:
        return self.settings.identity

    def ask(self, redirect_uri: str, *, to_decide: bool = False) -> Asked:
        """Begin; ``to_decide``: so that who signs in may decide from now on for some minutes."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        more: dict[str, Any] = {}
        if to_decide:
            more["max_age"] = 60 * self._terms.deciding_minutes
            if self._terms.deciding_acr:
                more["acr_values"] = " ".join(self._terms.deciding_acr)
        url, _ = self._client(redirect_uri).create_authorization_url(
            self.metadata["authorization_endpoint"],
            state=state,
            code_verifier=verifier,
            nonce=nonce,
            **more,
        )
        return Asked(url, state, nonce, verifier, redirect_uri, now(), to_decide)

    def answered(self, asked: Asked, said: Mapping[str, str]) -> Known:
        """Who it is, by what the provider sent back with them. Raises :class:`CannotSignIn`."""
        if not hmac.compare_digest(asked.state.encode(), said.get("state", "").encode()):
            raise CannotSignIn("this is no answer to what was asked: sign in again", "wrong_state")
        if said.get("iss", self._terms.issuer) != self._terms.issuer:
            raise CannotSignIn("another provider has answered: sign in again", "wrong_issuer")
        if "error" in said or "code" not in said:
            raise CannotSignIn("the provider did not let you sign in: ask it why", "no_code")
        try:
            claims = self._claims(asked, said["code"])
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as error:
            said_not = f"what the provider says of you does not hold ({type(error).__name__})"
            raise CannotSignIn(f"{said_not}: sign in again", "no_token") from None
        except httpx.HTTPError:
            raise CannotSignIn("the provider does not answer: try again later", "silent") from None
        return self._known(asked, claims)

    def _claims(self, asked: Asked, code: str) -> CodeIDToken:
        token = self._client(asked.redirect_uri).fetch_token(
            self.metadata["token_endpoint"], code=code, code_verifier=asked.verifier
        )
        keys = KeySet.import_key_set(_json(self.http, self.metadata["jwks_uri"]))
        read = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={
                "iss": {"essential": True, "value": self._terms.issuer},
                "aud": {"essential": True, "value": self._terms.client_id},
                "exp": {"essential": True},
            },
            params={
                "nonce": asked.nonce,
                "client_id": self._terms.client_id,
                "access_token": token.get("access_token"),
                "max_age": asked.to_decide,
            },
        )
        claims.validate(leeway=_LEEWAY)
        return claims

    def _known(self, asked: Asked, claims: Mapping[str, Any]) -> Known:
        name = claims.get(self._terms.name_claim)
        if not isinstance(name, str) or not 0 < len(name.strip()) <= 500:
            raise CannotSignIn(f"{self._wanting(self._terms.name_claim)}", "no_name")
        roles = tuple(dict.fromkeys(self._roles(claims)))
        if not roles:
            raise CannotSignIn(self._wanting(self._terms.roles_claim), "no_role")
        known = Known(
            who=name.strip(),
            agency=self._agency(claims),
            roles=roles,
            proven=Proof.OPENID,
            proven_at=_moment(claims.get("auth_time")),
            acr=acr if isinstance(acr := claims.get("acr"), str) and acr else None,
        )
        if asked.to_decide:
            self._may_decide(known)
        return known

    def _may_decide(self, known: Known) -> None:
        lasts = dt.timedelta(minutes=self._terms.deciding_minutes, seconds=_LEEWAY)
        if known.proven_at is None or now() - known.proven_at > lasts:
            raise CannotSignIn("the provider did not ask you again who you are", "too_long_ago")
        if self._terms.deciding_acr and known.acr not in self._terms.deciding_acr:
            said = f"to decide sign in in one of these ways: {', '.join(self._terms.deciding_acr)}"
            raise CannotSignIn(said, "other_acr")

    def _agency(self, claims: Mapping[str, Any]) -> str:
        value = claims.get(self._terms.agency_claim)
        found = self._terms.agencies.get(value, value) if isinstance(value, str) else None
        if found not in self.settings.agencies:
            raise CannotSignIn(self._wanting(self._terms.agency_claim), "no_agency")
        return str(found)

    def _roles(self, claims: Mapping[str, Any]) -> Iterator[Role]:
        said = claims.get(self._terms.roles_claim)
        for value in [said] if isinstance(said, str) else said if isinstance(said, list) else []:
            yield from self._terms.roles.get(value, ()) if isinstance(value, str) else ()

    def _wanting(self, claim: str) -> str:
        return (
            f"the provider's claim {claim} says nothing that [identity] of the configuration "
            "knows: have whoever keeps accounts there, or the configuration, put it right"
        )

    def _client(self, redirect_uri: str) -> Any:
        return _Client(
            self.http,
            client_id=self._terms.client_id,
            client_secret=self.secret,
            scope=" ".join(self._terms.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )


class _Client(OAuth2Client):  # type: ignore[misc] # Authlib has no types
    """Authlib's, over the web client that the hub has: its own for that is about to be dropped."""

    def _fetch_token(
        self, url: str, body: str = "", headers: Any = None, auth: Any = None, **_: Any
    ) -> Any:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        url, headers, body = auth.prepare("POST", url, {**form}, body)
        return self.parse_response_token(self.session.post(url, content=body, headers=headers))


def provider_of(
    settings: HubSettings, environment: Mapping[str, str], *, http: httpx.Client | None = None
) -> Provider:
    """Ask the provider what it is. Raises :class:`CannotSignIn`."""
    issuer, variable = settings.identity.issuer, settings.identity.client_secret_variable
    if issuer is None:
        raise CannotSignIn("[identity] of the configuration names no issuer", "no_provider")
    client = http or httpx.Client(timeout=10.0, follow_redirects=False)
    try:
        found = _json(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    except (httpx.HTTPError, ValueError):
        said = f"{issuer} does not answer as a provider: check [identity] issuer, or try later"
        raise CannotSignIn(said, "silent") from None
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise CannotSignIn(
            "the provider calls itself otherwise than [identity] issuer", "no_issuer"
        )
    for name in _NEEDED:
        if not is_safe(str(found.get(name, ""))):
            raise CannotSignIn(f"the provider's {name} is not https://…", "no_address")
    return Provider(settings, environment.get(variable) if variable else None, found, client)


def _json(http: httpx.Client, url: str) -> Any:
    return http.get(url).raise_for_status().json()


def _moment(seconds: object) -> dt.datetime | None:
    """What is in the future is no moment at which anybody signed in."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    found = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return found if found <= now() + dt.timedelta(seconds=_LEEWAY) else None
