"""The least that FastAPI can do at the address of `GET /api/auth/me`, and ready for Caddy."""

from fastapi import FastAPI


def create_app() -> FastAPI:
    """An app whose routes do nothing."""
    app = FastAPI(openapi_url=None)

    @app.get("/api/auth/me")
    async def me() -> dict[str, str]:
        return {}

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {}

    return app
