"""The second factor: six digits from an authenticator (RFC 6238), and recovery codes for when it is lost."""
