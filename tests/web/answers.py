"""Answers that the fleet did not give: refusals in its place, and answers that are lost on their way back."""

from collections.abc import Callable

from playwright.sync_api import Page, Route


def losing(status: int) -> Callable[[Route], None]:
    """The request arrives and is answered with this status; the answer does not come."""

    def lose(route: Route) -> None:
        assert route.fetch().status == status
        route.abort("connectionreset")

    return lose


def refuse(
    page: Page,
    path: str | Callable[[str], bool],
    *,
    method: str = "GET",
    status: int = 500,
    errors: list[dict[str, object]] | None = None,
) -> None:
    """Answer these requests like a server that does not accept them, or fails."""
    problem = {"type": "/problems/invalid", "errors": errors} if errors else {}

    def answer(route: Route) -> None:
        if route.request.method == method:
            route.fulfill(status=status, json=problem, content_type="application/problem+json")
        else:
            route.fallback()

    page.route(path, answer)
