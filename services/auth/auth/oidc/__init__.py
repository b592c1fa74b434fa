"""Sign-in with a hospital's identity provider (OpenID Connect Core 1.0, authorization code flow)."""
