"""An identity provider on loopback: whoever is sent to it is signed in at once. A test chooses what it says wrong."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from common import clock
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey
from joserfc.jws import JWSRegistry

CLIENT_ID = "quill"
CLIENT_SECRET = "a secret that the provider gave to quill"
HONEST = object()
ROLES = "clinicians:clinician,quill-admins:admin"


def oidc_settings(port: int) -> dict[str, str]:
    """The settings of an auth whose provider is here, by their names in Python."""
    return {
        "oidc_issuer": f"http://127.0.0.1:{port}",
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
    }


class OidcProvider(ThreadingHTTPServer):
    """A provider with one person at its keyboard.

    person: the claims about who is signed in.
    header: what its id_tokens have instead of a header.
    lies: claims that its id_tokens have instead; None leaves one out.
    about: members that its discovery document has instead.
    down: by path, the status it answers with, or `hang`.
    """

    daemon_threads = True

    def __init__(self, port: int = 0, *, ahead: Callable[[], float] = lambda: 0.0) -> None:
        """
        Args:
            ahead: how many seconds the fleet's clock is ahead of this process's.
        """
        super().__init__(("127.0.0.1", port), _Endpoints)
        self.issuer, self._ahead = f"http://127.0.0.1:{self.server_port}", ahead
        self.rsa, self.ec = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
        self.asked: list[str] = []
        self.awake = threading.Event()
        self._codes: dict[str, dict[str, str]] = {}
        self.be_honest()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def be_honest(self) -> None:
        """Do everything right from now on."""
        self.published = KeySet([self.rsa, self.ec])
        self.alg, self.kid = "RS256", ""
        self.header: object = HONEST
        self.person: dict[str, Any] = {}
        self.lies: dict[str, Any] = {}
        self.about: dict[str, Any] = {}
        self.down: dict[str, int | str] = {}

    def stop(self) -> None:
        """Answer nobody any more, not even those who hang."""
        self.awake.set()
        self.shutdown()
        self.server_close()

    def sign_in(self, subject: str, **claims: Any) -> None:
        """Put somebody at the keyboard."""
        self.person = {"sub": subject, **claims}

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            **self.about,
        }

    def authorize(self, uri: str) -> dict[str, str]:
        """What a browser is sent back with: it is asked nothing (RFC 6749 §4.1.1)."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(uri).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT_ID
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "person": json.dumps(self.person)}
        return {"code": code, "state": asked["state"], "redirect_uri": asked["redirect_uri"]}

    def asked_for(self, code: str) -> Mapping[str, str]:
        """The question that a code answers."""
        return self._codes[code]

    def redeem(self, form: Mapping[str, str], proof: tuple[str, str]) -> dict[str, Any] | None:
        """Tokens for a code, once, for the client that has its secret and its verifier (RFC 7636 §4.6)."""
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or proof != (CLIENT_ID, CLIENT_SECRET) or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        if form["grant_type"] != "authorization_code" or _s256(form["code_verifier"]) != asked["code_challenge"]:
            return None
        access_token = secrets.token_urlsafe(24)
        id_token = self.id_token(asked["nonce"], access_token, json.loads(asked["person"]))
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}

    def id_token(self, nonce: str, access_token: str, person: Mapping[str, Any]) -> str:
        now = int(clock.now().timestamp() + self._ahead())
        half = hashlib.new("sha512" if self.alg == "RS512" else "sha256", access_token.encode()).digest()
        claims = {
            **{"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce},
            **{"at_hash": _base64url(half[: len(half) // 2]), **person, **self.lies},
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return self._sign(claims)

    def _sign(self, claims: dict[str, Any]) -> str:
        """RS256, ES256, RS512 as they should be; `none`, and HS256 with the public key, as nobody should take them."""
        key = self.ec if self.alg == "ES256" else self.rsa
        honest: dict[str, Any] = {"alg": self.alg, "kid": self.kid or key.kid}
        header = honest if self.header is HONEST else self.header
        if self.header is HONEST and self.alg in {"RS256", "RS512", "ES256"}:
            return jwt.encode(honest, claims, key, registry=JWSRegistry(algorithms=[self.alg]))
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
        proof = hmac.digest(self.rsa.as_pem(private=False), signed.encode(), "sha256") if self.alg == "HS256" else b""
        return f"{signed}.{_base64url(proof)}"


class _Endpoints(BaseHTTPRequestHandler):
    server: OidcProvider

    def do_GET(self) -> None:
        if self._is_down():
            return
        if self.path == "/.well-known/openid-configuration":
            self._answer(200, self.server.discovery())
        elif self.path == "/jwks":
            self._answer(200, self.server.published.as_dict(private=False))
        elif self.path.startswith("/authorize?"):
            back = self.server.authorize(self.path)
            self._answer(302, {}, Location=f"{back.pop('redirect_uri')}?{urlencode(back)}")
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._is_down():
            return
        form = {name: values[0] for name, values in parse_qs(body).items()}
        scheme, _, basic = self.headers.get("Authorization", "").partition(" ")
        name, _, secret = base64.b64decode(basic).decode().partition(":")
        in_form = (form.get("client_id", ""), form.get("client_secret", ""))
        tokens = self.server.redeem(form, (unquote(name), unquote(secret)) if scheme == "Basic" else in_form)
        self._answer(200 if tokens else 400, tokens or {"error": "invalid_grant"})

    def _is_down(self) -> bool:
        self.server.asked.append(self.path.partition("?")[0])
        status = self.server.down.get(self.server.asked[-1])
        if status == "hang":
            self.server.awake.wait()
            self.close_connection = True
        elif isinstance(status, int):
            self._answer(status, {"error": "canary-of-the-provider"})
        return status is not None

    def _answer(self, status: int, body: object, **headers: str) -> None:
        content = json.dumps(body).encode()
        with suppress(ConnectionError):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def _s256(verifier: str) -> str:
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
