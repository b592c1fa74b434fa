"""What something cost is what was used meanwhile, without the idle fleet's part, for a thousand of it."""

from pathlib import Path

import pytest
from native.errors import LaunchError
from sized import BEGIN, LOG, Cost, Reading, cost, idle_hour, publish, table
from speed.report import END


def reading(at: float, cpu: float, disk: float, memory: float = 0.0) -> Reading:
    return Reading(at, {"auth": cpu, "nats": 1.0}, {"database auth": disk, LOG: 10 * disk}, {"auth": memory})


def test_idle_fleet_is_counted_for_an_hour() -> None:
    idle = idle_hour(reading(100, cpu=5.0, disk=20.0), reading(130, cpu=5.3, disk=20.05))
    assert idle.cpu == pytest.approx({"auth": 36.0, "nats": 0.0})
    assert idle.disk == pytest.approx({"database auth": 6.0, LOG: 60.0})


def test_cost_is_told_for_a_thousand_without_the_idle_part() -> None:
    idle = Cost("idle", {"auth": 36.0}, {"database auth": 6.0}, {})
    before, after = reading(0, cpu=5.0, disk=20.0, memory=80.0), reading(60, cpu=10.6, disk=21.0, memory=82.0)
    seen = cost("letters", before, after, number=100, idle=idle)
    assert seen.what == "1,000 letters"
    assert seen.cpu == pytest.approx({"auth": 50.0, "nats": 0.0})  # 5.6 s, of which 0.6 s would have been used anyway
    assert seen.disk == pytest.approx({"database auth": 9.0, LOG: 100.0})
    assert seen.memory == pytest.approx({"auth": 20.0})


def test_process_or_stream_that_is_new_counts_from_nothing() -> None:
    before, after = Reading(0, {}, {}, {}), Reading(1, {"auth": 2.0}, {"stream AUTH": 0.5}, {})
    seen = cost("letters", before, after, number=1000, idle=Cost("idle", {}, {}, {}))
    assert (seen.cpu, seen.disk) == ({"auth": 2.0}, {"stream AUTH": 0.5})


def test_table_has_every_cost_that_can_be_seen_and_sums_what_stays() -> None:
    idle = Cost("an hour of idleness", {"auth": 1.0, "nats": 0.001}, {LOG: 3.0}, {})
    renewals = Cost("1,000 renewals", {"auth": 140.0, "caddy": 0.5}, {"database auth": 0.7, LOG: 9.0}, {"auth": 2.5})
    lines = table([idle, renewals]).splitlines()
    assert lines[0] == "| | an hour of idleness | 1,000 renewals |"
    assert lines[3:6] == ["| auth | 1.00 | 140 |", "| caddy | – | 0.50 |", "| all | 1.00 | 140 |"]
    assert lines[7:10] == [
        f"| {LOG} | 3.00 | 9.00 |",
        "| database auth | – | 0.70 |",
        f"| all, but for the {LOG} | – | 0.70 |",
    ]
    assert lines[11:13] == ["| auth | – | 2.50 |", "| all | – | 2.50 |"]
    assert lines[-1].endswith("1,000 people who leave it open cost 602 s of one core and 3.00 MB in an hour.")


def test_table_is_put_between_the_marks_of_its_page(tmp_path: Path) -> None:
    page = tmp_path / "sizing.md"
    page.write_text(f"# Size\n\n{BEGIN}\nold\n{END}\n\n## More\n")
    publish("| new |\n", place=page)
    assert page.read_text() == f"# Size\n\n{BEGIN}\n| new |\n{END}\n\n## More\n"
    page.write_text("# Size\n")
    with pytest.raises(LaunchError):
        publish("| new |\n", place=page)
    assert page.read_text() == "# Size\n"
