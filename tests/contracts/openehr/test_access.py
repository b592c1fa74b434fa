"""Who may call, and how one sees that the server is there."""

import httpx
from contracts.openehr import letters_data
from contracts.openehr.server_under_test import BASE_PATH, OpenEhrServer

STATUS = "/ehrbase/rest/status"


def test_a_call_without_credentials_is_401_and_asks_for_basic(server: OpenEhrServer) -> None:
    answer = httpx.get(server.origin + STATUS, timeout=30)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_wrong_password_is_401(server: OpenEhrServer) -> None:
    assert httpx.get(server.origin + STATUS, auth=(server.user, "wrong"), timeout=30).status_code == 401


def test_an_unknown_path_is_401_without_and_404_with_credentials(server: OpenEhrServer) -> None:
    url = f"{server.origin}{BASE_PATH}/nowhere"
    assert httpx.get(url, timeout=30).status_code == 401
    assert server.call("GET", "/nowhere").status_code == 404


def test_readiness_needs_no_credentials(server: OpenEhrServer) -> None:
    answer = httpx.get(f"{server.origin}/ehrbase/management/health/readiness", timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (200, "UP")


def test_the_administration_api_is_forbidden_to_the_service_user(server: OpenEhrServer) -> None:
    assert server.client.get("/ehrbase/rest/admin/status").status_code == 403


def test_a_template_is_taken_once(letters: OpenEhrServer) -> None:
    assert letters.upload_template(letters_data.TEMPLATE).status_code == 409


def test_what_is_no_template_is_400(server: OpenEhrServer) -> None:
    assert server.upload_template("hello").status_code == 400


def test_a_known_template_is_listed_and_given_back(letters: OpenEhrServer) -> None:
    listed = letters.call("GET", "/definition/template/adl1.4").json()
    assert letters_data.TEMPLATE_ID in [template["template_id"] for template in listed]
    path = f"/definition/template/adl1.4/{letters_data.TEMPLATE_ID}"
    answer = letters.call("GET", path, headers={"Accept": "application/xml"})
    assert answer.status_code == 200
    assert letters_data.TEMPLATE_ID in answer.text


def test_an_unknown_template_is_404(server: OpenEhrServer) -> None:
    path = "/definition/template/adl1.4/no-such-template.v1"
    assert server.call("GET", path, headers={"Accept": "application/xml"}).status_code == 404
