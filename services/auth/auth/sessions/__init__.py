"""Who is signed in: sessions, refresh tokens, access tokens and the keys that sign them."""
