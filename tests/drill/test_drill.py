"""The restore drill in full: a fleet is backed up while people write and made anew; then it loses store after store."""

import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from common.events import LetterCreated
from drill.picture import Cast, picture
from drill.restoring import Vault, done, drop_database, restored, stores
from e2e.client import PASSWORD, Person, demo_person, eventually, inbox, new_linked_patient, new_patient, unique
from fleet import Fleet, running_fleet
from quill_command import quill

LINKED, WRITERS = 4, 3

pytestmark = [
    pytest.mark.skipif(os.environ.get("QUILL_DRILL") != "all", reason="takes minutes; `make drill`"),
    pytest.mark.timeout(0),
]


@dataclass
class Scene:
    """A home that was made of a backup, and what is known of the fleet that was backed up."""

    home: Path
    vault: Vault
    cast: Cast
    before: dict[str, str]
    written: dict[str, str] = field(default_factory=dict)  # record by letter, of those acknowledged before the backup
    linked: list[tuple[str, str]] = field(default_factory=list)  # accounts of the patients who were written to
    seen: dict[str, object] = field(default_factory=dict)


def write_until(told: threading.Event, fleet: Fleet, record: str, letters: dict[str, tuple[str, datetime]]) -> None:
    """Write letters one after the other, and note which were acknowledged and when."""
    with demo_person(fleet, "clinician") as clinician:
        while not told.is_set():
            letter = {"title": unique("Letter"), "body": "Dear reader"}
            answer = clinician.post(f"/api/patients/{record}/letters", letter, key=unique("k"))
            if answer.status_code == 201:
                letters[answer.json()["uid"]] = (record, datetime.now(UTC))


def back_up_while_people_write(fleet: Fleet, scene: Scene) -> None:
    with demo_person(fleet, "clinician") as clinician:
        linked = [new_linked_patient(fleet, clinician) for _ in range(LINKED)]
    scene.before |= picture(fleet.url, scene.cast)
    scene.vault.note_trail(fleet)
    enough, letters = threading.Event(), dict[str, tuple[str, datetime]]()
    records = [record for _, record in linked[:WRITERS]]
    writers = [threading.Thread(target=write_until, args=(enough, fleet, record, letters)) for record in records]
    for one in writers:
        one.start()
    eventually(lambda: len(letters) > 3 * WRITERS, within=60)
    began = datetime.fromisoformat(scene.vault.make(fleet)["began"])
    enough.set()
    for one in writers:
        one.join()
    scene.written = {uid: record for uid, (record, at) in letters.items() if at < began}
    scene.linked = [(person.user["username"], PASSWORD) for person, _ in linked]


@pytest.fixture(scope="module")
def scene(server_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """The first fleet is ended when it was backed up; the second is looked at, and ended, too."""
    with running_fleet(server_folder / "drilled") as fleet:
        scene = Scene(server_folder / "anew", Vault(tmp_path_factory.mktemp("vault")), Cast.of_demo(fleet), {})
        back_up_while_people_write(fleet, scene)
    with restored(scene.vault, scene.home) as fleet:
        scene.seen = look(fleet, scene)
    return scene


def look(fleet: Fleet, scene: Scene) -> dict[str, object]:
    """What a restored fleet says of what was there before, of what was acknowledged, and of what it mentions."""
    missing, dangling = [], []
    with Person(fleet.url).sign_in(*scene.cast.clinician) as clinician:
        for uid, record in scene.written.items():
            if clinician.get(f"/api/patients/{record}/letters/{uid}").status_code != 200:
                missing.append(uid)
    eventually(lambda: nothing_waits(fleet), within=120)
    told = 0
    for account in scene.linked:
        with Person(fleet.url).sign_in(*account) as reader:
            urls = [one["url"] for one in reader.every("/api/notifications")]
            told += len({url.rpartition("/")[2] for url in urls} & scene.written.keys())
            letters = {one["uid"] for one in reader.every(f"/api/patients/{reader.user['patient_id']}/letters")}
            dangling += [url for url in urls if url.rpartition("/")[2] not in letters]
    return {
        "picture": picture(fleet.url, scene.cast),
        "trail": scene.vault.trail_is_whole(fleet),
        "missing": missing,
        "dangling": dangling,
        "told": told,
    }


def nothing_waits(fleet: Fleet) -> bool:
    durables = done(quill(fleet, "events", "ls", "--json")).json["durables"]
    return not any(one["pending"] + one["unacknowledged"] for one in durables)


def test_restored_fleet_tells_what_the_lost_one_told(scene: Scene) -> None:
    assert scene.seen["picture"] == scene.before
    assert scene.seen["trail"]


def test_everything_acknowledged_before_the_backup_is_there_and_told(scene: Scene) -> None:
    assert len(scene.written) > 3 * WRITERS
    assert scene.seen["missing"] == []
    assert scene.seen["told"] == len(scene.written)


def test_nothing_is_mentioned_that_is_not_there(scene: Scene) -> None:
    assert scene.seen["dangling"] == []


@dataclass(frozen=True)
class Since:
    """What was written to the restored fleet before it lost a store."""

    record: str
    reader: tuple[str, str]
    letter: str
    clinician: tuple[str, str]


def write_since(fleet: Fleet, scene: Scene) -> Since:
    reader = scene.linked[-1]
    with Person(fleet.url).sign_in(*reader) as person, Person(fleet.url).sign_in(*scene.cast.clinician) as clinician:
        record = person.user["patient_id"]
        letter = {"title": unique("Since"), "body": "Dear reader"}
        uid = clinician.post(f"/api/patients/{record}/letters", letter, key=unique("k")).json()["uid"]
        eventually(lambda: is_told(person, uid), within=30)
        return Since(new_patient(clinician), reader, uid, scene.cast.clinician)


def is_told(person: Person, uid: str) -> bool:
    return [one["url"].rpartition("/")[2] for one in inbox(person, "?limit=100")["items"]].count(uid) == 1


def lose(home: Path, store: str) -> None:
    """A disk is gone: a database, or everything of NATS."""
    if store == "streams":
        shutil.rmtree(home / "nats" / "jetstream")
        return
    with stores(home) as fleet:
        drop_database(fleet, store)


def notified(fleet: Fleet, since: Since) -> None:
    with Person(fleet.url).sign_in(*since.reader) as person:
        eventually(lambda: is_told(person, since.letter), within=60)


def in_the_record(fleet: Fleet, since: Since) -> None:
    with Person(fleet.url).sign_in(*since.reader) as person:
        path = f"/api/patients/{person.user['patient_id']}/letters/{since.letter}"
        assert person.get(path).status_code == 200


def announced(fleet: Fleet, since: Since) -> None:
    words = ("--subject", LetterCreated.subject, "--since", "1h", "--no-follow", "--json")

    def seen() -> bool:
        lines = done(quill(fleet, "events", "tail", *words)).lines
        return any(since.letter in json.loads(line)["subject"] for line in lines)

    eventually(seen, within=60)
    notified(fleet, since)


def found_anew(fleet: Fleet, since: Since) -> None:
    done(quill(fleet, "patients", "rebuild-index"))
    with Person(fleet.url).sign_in(*since.clinician) as clinician:
        answer = clinician.get(f"/api/fhir/patients/{since.record}").json()
        found = clinician.every("/api/patients", q=answer["name"][0]["family"])
        assert [one["patient_id"] for one in found] == [since.record]


def index_anew(fleet: Fleet, since: Since) -> None:
    done(quill(fleet, "patients", "rebuild-index"))


def nothing_more(fleet: Fleet, since: Since) -> None:
    return None


PROMISED: dict[str, Callable[[Fleet, Since], None]] = {
    "streams": announced,
    "notify": notified,
    "letters": in_the_record,
    "patients": found_anew,
    "auth": nothing_more,
    "openehr": nothing_more,
    "fhir": index_anew,
}


@pytest.mark.parametrize("store", PROMISED)
def test_store_that_was_lost_alone_comes_back_with_what_the_others_know(scene: Scene, store: str) -> None:
    with running_fleet(scene.home, DEMO="0") as fleet:
        since = write_since(fleet, scene)
    lose(scene.home, store)
    with stores(scene.home) as fleet:
        assert scene.vault.restore(fleet, "--only", store) == {store: "restored"}
    with running_fleet(scene.home, DEMO="0") as fleet:
        PROMISED[store](fleet, since)
        assert picture(fleet.url, scene.cast) == scene.before
