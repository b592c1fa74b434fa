"""The people of an upgrade: those of the chaos runs, who also sign out and in, withdraw letters and look after devices.

Every clinician has records of their own. Nobody gets in anybody's way, so whatever fails does so by the upgrade.
"""

from collections.abc import Callable

import httpx
from chaos.history import Outcome
from chaos.people import Clinician, Reader


class Desk(Clinician):
    """Somebody at a desk, whose shift ends now and then."""

    def ways(self) -> list[tuple[Callable[[], None], int]]:
        return [*super().ways(), (self.withdraw, 1), (self.renew, 1), (self.change_shift, 2)]

    def withdraw(self) -> None:
        """The oldest letter that is still valid, which gets a last version by it."""
        if len(self.house.letters) < 2:
            return
        path = self.house.letters.pop(0)
        read = self.send("GET", path)
        if read.status_code == 200:
            letter = read.json()
            wanted = {"reason": "Wrong patient"}
            answer = self.send("POST", f"{path}/withdraw", json=wanted, version=letter["version"])
            outcome: Outcome = "ok" if answer.status_code == 200 else "unknown"
            said = {"version": letter["version"] + 1, "body": letter["body"]}
            self.history.act("amendment", outcome, target=letter["uid"], **said)

    def renew(self) -> None:
        """Tokens are renewed every few minutes."""
        self._begin(self.send("POST", "/api/auth/refresh"))

    def change_shift(self) -> None:
        """Sign out, and in again."""
        self.send("POST", "/api/auth/logout")
        account = {"username": self.person.user["username"], "password": self.person.password}
        self._begin(self.send("POST", "/api/auth/login", json=account))

    def _begin(self, answer: httpx.Response) -> None:
        if answer.status_code == 200:
            self.person.begin(answer)


class Home(Reader):
    """A patient whose app registers the device again whenever it is opened, and who opens what the device shows."""

    def step(self) -> None:
        self.send("POST", "/api/push/register", json=self.linked.device.to_json())
        super().step()
        for push in self.linked.device.pushes[-1:]:
            self.send("POST", f"/api/notifications/{push.payload['notification_id']}/read")
