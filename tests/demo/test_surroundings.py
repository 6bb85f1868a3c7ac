"""A demo keeps to its own directory and ports."""

import socket
from pathlib import Path

from config.demo import surroundings
from integrations.registry import TOOLS


def test_a_port_in_use_is_passed_over():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = surroundings.free_port(port)
    assert port < found < port + 50


def test_once_disturbs_nothing_of_an_installed_demo(tmp_path):
    machine = {
        "DATABASE_URL": "postgres://db/real",
        "REDIS_URL": "redis://cache",
        "BOEKBRUG_BROKER": "redis",
        "LANG": "C",
    }
    around = surroundings.choose(once=True, directory=tmp_path / "kept", web_port=8000, sandbox_port=9100)
    try:
        given = surroundings.environment(around, machine)
        assert not around.directory.is_relative_to(tmp_path)
        assert given["DATABASE_URL"] == f"sqlite:///{around.directory}/boekbrug.sqlite3"
        assert (given["REDIS_URL"], given["BOEKBRUG_BROKER"], given["BOEKBRUG_ENV_FILE"]) == ("", "orm", "/dev/null")
        assert (given["BOEKBRUG_ENV"], given["LANG"]) == ("demo", "C")
        assert surroundings.prepared(given, once=True) == around
        assert surroundings.prepared(machine, once=True) is None
    finally:
        around.remove_if_temporary()
    assert not around.directory.exists()


def test_the_standing_demo_keeps_its_directory_and_a_chosen_database(tmp_path):
    around = surroundings.choose(once=False, directory=tmp_path / "kept", web_port=8000, sandbox_port=9100)
    given = surroundings.environment(around, {"DATABASE_URL": "postgres://db/demo"})
    assert around.directory == tmp_path / "kept"
    assert given["DATABASE_URL"] == "postgres://db/demo"
    for tool in TOOLS:
        assert given[f"BOEKBRUG_{tool.upper()}_BASE_URL"] == f"http://127.0.0.1:{around.sandbox_port}/{tool}"
    around.remove_if_temporary()
    assert around.directory.exists()


def test_one_demo_at_a_time(tmp_path: Path):
    first = surroundings.lock(tmp_path)
    assert first is not None
    assert surroundings.lock(tmp_path) is None
    first.close()
    second = surroundings.lock(tmp_path)
    assert second is not None
    second.close()
