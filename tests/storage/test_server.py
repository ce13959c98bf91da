"""The embedded PostgreSQL survives what machines do to it, and says so when it cannot."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from nostro.domain.errors import Refused, Unavailable
from nostro.storage import placement
from nostro.storage.server import Server
from tests.needs import absent

ROOT = Path(__file__).parents[2]
PR_SET_CHILD_SUBREAPER = 36


def data_of(home: Path) -> Path:
    pointer = home / placement.POINTER
    return (Path(pointer.read_text().strip()) if pointer.exists() else home / "database") / "data"


def clean_up(home: Path) -> None:
    with contextlib.suppress(Exception):
        Server(home).stop()
    if (home / placement.POINTER).exists():
        shutil.rmtree(data_of(home).parent, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Path]:
    # pytest's own folders are private to root, where PostgreSQL's user cannot go.
    folder = Path(tempfile.mkdtemp(prefix="nostro-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    clean_up(folder)


def remember(server: Server, number: int) -> None:
    with psycopg.connect(server.admin_url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def kept(server: Server) -> list[int]:
    with psycopg.connect(server.admin_url()) as connection:
        return [n for (n,) in connection.execute("SELECT number FROM kept ORDER BY number")]


def pid_of(home: Path) -> int:
    return int((data_of(home) / "postmaster.pid").read_text().split()[0])


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def state_of(pid: int) -> str:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "gone"


def in_another_process(code: str, home: Path, **options: object) -> subprocess.Popen[str]:
    before = (
        "import os, sys, time, resource; from pathlib import Path; import psycopg\n"
        "from nostro.domain.errors import NostroError\n"
        "from nostro.storage.server import Server; home = Path(sys.argv[1])\n"
    )
    command = [sys.executable, "-c", before + code, str(home)]
    pipe = subprocess.PIPE
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, cwd=ROOT, **options
    )


def test_a_deleted_socket_is_made_anew(home: Path) -> None:
    server = Server(home)
    server.ensure()
    remember(server, 1)
    (data_of(home).parent / ".s.PGSQL.5432").unlink()
    assert not server.running()
    server.ensure()
    assert kept(server) == [1]


def test_answers_with_a_password_on_a_private_socket_only(home: Path) -> None:
    server = Server(home)
    assert not server.running()
    server.ensure()
    assert server.running()
    assert server.started_here
    with psycopg.connect(server.admin_url()) as connection:
        shown = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('data_checksums'),"
            " current_setting('fsync'), current_setting('max_connections')"
        ).fetchone()
    assert shown == ("", "on", "on", "200")
    assert stat.S_IMODE((data_of(home).parent / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_of(home).parent.stat().st_mode) == 0o700
    guess = server.admin_url().replace("postgres:", "postgres:x", 1)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(guess)


def test_kill_9_loses_no_committed_row(home: Path) -> None:
    server = Server(home)
    server.ensure()
    remember(server, 1)
    with psycopg.connect(server.admin_url()):
        os.kill(pid_of(home), signal.SIGKILL)
        server.ensure()
    assert kept(server) == [1]


def test_a_zombie_is_not_taken_for_a_server(home: Path) -> None:
    if sys.platform != "linux":
        absent("Linux, to adopt a process without burying it")
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    server = Server(home)
    try:
        server.ensure()
        remember(server, 1)
        pid = pid_of(home)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: state_of(pid) == "Z")
        assert not server.running()
        server.ensure()
        assert state_of(pid) == "Z"
        assert pid_of(home) != pid
        assert kept(server) == [1]
        server.stop()
    finally:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def test_a_number_that_a_stranger_got_is_not_taken_for_a_server(home: Path) -> None:
    server = Server(home)
    server.ensure()
    remember(server, 1)
    pid_file = data_of(home) / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    owner = pid_file.stat()
    os.kill(pid_of(home), signal.SIGKILL)
    as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["sleep", "60"], **as_owner)  # type: ignore[call-overload]
    try:
        pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
        assert not server.running()
        server.ensure()
        assert kept(server) == [1]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_long_path_gets_a_short_private_socket(home: Path) -> None:
    deep = home / ("a" * 70) / ("b" * 70)
    server = Server(deep)
    server.ensure()
    remember(server, 1)
    folder = Path((data_of(deep) / "postmaster.pid").read_text().splitlines()[4])
    try:
        assert len(str(folder)) < 50
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert kept(Server(deep)) == [1]
        server.stop()
    finally:
        clean_up(deep)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_socket_folder_made_by_someone_else_is_refused(home: Path) -> None:
    deep = home / ("a" * 70) / ("b" * 70)
    server = Server(deep)
    server.ensure()
    folder = Path((data_of(deep) / "postmaster.pid").read_text().splitlines()[4])
    server.stop()
    try:
        folder.chmod(0o777)
        with pytest.raises(Refused) as refused:
            server.ensure()
        assert refused.value.code == "database_socket_not_private"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_many_processes_at_once_share_one_server(home: Path) -> None:
    code = (
        "s = Server(home); s.ensure()\n"
        "began = psycopg.connect(s.admin_url()).execute("
        "'SELECT pg_postmaster_start_time()').fetchone()[0]\n"
        "print(s.started_here, began.isoformat())"
    )
    told = [p.communicate(timeout=60)[0] for p in [in_another_process(code, home) for _ in "1234"]]
    starts = [line.split() for line in told]
    assert sorted(start[0] for start in starts) == ["False", "False", "False", "True"], told
    assert len({start[1] for start in starts}) == 1
    attached = Server(home)
    attached.ensure()
    assert not attached.started_here


def test_root_hands_the_server_to_another_user(home: Path) -> None:
    if os.geteuid() != 0:
        absent("root")
    Server(home).ensure()
    expected = int(os.environ.get("SUDO_UID") or placement.NOBODY)
    assert Path(f"/proc/{pid_of(home)}").stat().st_uid == expected
    assert data_of(home).stat().st_uid == expected


def test_an_ordinary_user_runs_it_as_himself(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("all other tests are this one when not root")
    found = pwd.getpwnam("daemon")  # PostgreSQL wants a user that has a name
    user = placement.Account(found.pw_uid, found.pw_gid)
    user.owns(home)
    programs = placement.reachable_binaries(placement.find_binaries(None), user)
    code = (
        f"os.setgroups([]); os.setgid({user.gid}); os.setuid({user.uid}); os.chdir('/')\n"
        f"s = Server(home, Path({str(programs)!r})); s.ensure()\n"
        "print(s.running(), s.started_here)\n"
        "psycopg.connect(s.admin_url()).execute('SELECT 1'); s.stop(); print(s.running())"
    )
    told = in_another_process(code, home).communicate(timeout=60)[0]
    assert told.split() == ["True", "True", "False"], told
    assert data_of(home).stat().st_uid == user.uid
    Server(home).ensure()  # root finds it and keeps its user
    assert Path(f"/proc/{pid_of(home)}").stat().st_uid == user.uid


def test_a_user_without_a_name_is_told_so(home: Path) -> None:
    if os.geteuid() != 0:
        absent("root")
    home.chmod(0o777)
    code = (
        "os.setgroups([]); os.setgid(54321); os.setuid(54321)\n"
        "try: Server(home / 'his').ensure()\n"
        "except NostroError as e: print(e.code)"
    )
    told = in_another_process(code, home).communicate(timeout=60)[0]
    assert told.split()[-1:] == ["database_user_without_name"], told


def test_stops_cleanly_and_stopping_twice_is_fine(home: Path) -> None:
    server = Server(home)
    server.stop()
    server.ensure()
    with psycopg.connect(server.admin_url()):
        server.stop()
    assert not server.running()
    assert not (data_of(home) / "postmaster.pid").exists()
    server.stop()
    server.ensure()
    said = server.log.read_text()
    assert "database system is shut down" in said
    assert "not properly shut down" not in said


def test_root_below_a_private_folder_keeps_the_data_where_it_can_be_reached(home: Path) -> None:
    if os.geteuid() != 0:
        absent("root")
    home.chmod(0o700)
    inner = home / "clone"
    server = Server(inner)
    server.ensure()
    try:
        remember(server, 1)
        assert data_of(inner).is_relative_to(placement.STATE)
        server.stop()
        again = Server(inner)
        again.ensure()
        assert kept(again) == [1]
    finally:
        again_place = data_of(inner).parent
        clean_up(inner)
    inner.mkdir()
    (inner / placement.POINTER).write_text(f"{again_place}\n")
    with pytest.raises(Refused) as refused:
        Server(inner).ensure()
    assert refused.value.code == "database_missing"
    (inner / placement.POINTER).unlink()


def test_programs_that_the_user_cannot_reach_are_copied(home: Path) -> None:
    if os.geteuid() != 0:
        absent("root")
    found = placement.find_binaries(None)
    nobody = placement.Account(placement.NOBODY, placement.NOBODY)
    private = home / "site-packages"
    programs = private.joinpath(*found.parts[-3:])
    shutil.copytree(found.parent, programs.parent, symlinks=True)
    libraries = found.parents[1].with_name(f"{found.parents[1].name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, private / libraries.name)
    private.chmod(0o700)
    copy = placement.reachable_binaries(programs, nobody)
    assert copy.is_relative_to(placement.STATE)
    assert placement.reachable(copy / "postgres", nobody)
    server = Server(home / "run", programs)
    server.ensure()
    assert server.running()
    clean_up(home / "run")


def test_data_of_another_major_version_is_refused_and_left_alone(home: Path) -> None:
    server = Server(home)
    server.ensure()
    remember(server, 1)
    server.stop()
    version = data_of(home) / "PG_VERSION"
    made = version.read_text()
    version.write_text("14\n")
    with pytest.raises(Refused) as refused:
        Server(home).ensure()
    assert refused.value.code == "database_version_mismatch"
    assert "PostgreSQL 14" in refused.value.happened
    assert f"PostgreSQL {made.strip()}" in refused.value.happened
    assert "pg_dump" in refused.value.can_do
    version.write_text(made)
    server.ensure()
    assert kept(server) == [1]


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    disk = home / "disk"
    disk.mkdir()
    size = "size=200m,mode=0755"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets us mount no small disk; the next test limits file sizes")
    yield disk
    clean_up(disk / "home")
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_full_disk_is_named_and_loses_nothing(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 150_000_000)
    server = Server(small_disk / "home")
    with pytest.raises(Unavailable) as refused:
        server.ensure()
    assert refused.value.code == "no_disk_space"
    filler.unlink()
    server.ensure()
    remember(server, 1)
    server.stop()
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    with pytest.raises(Unavailable) as refused:
        server.ensure()
    assert refused.value.code == "no_disk_space"
    filler.unlink()
    server.ensure()
    assert kept(server) == [1]


def test_a_file_size_limit_is_named_as_no_space(home: Path) -> None:
    code = (
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, resource.RLIM_INFINITY))\n"
        "try: Server(home).ensure()\n"
        "except NostroError as e: print(e.code)"
    )
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    assert in_another_process(code, home).communicate(timeout=60)[0].strip() == "no_disk_space"
    server = Server(home)
    server.ensure()
    assert server.running()


def test_an_interrupted_initdb_leaves_no_half_cluster(home: Path) -> None:
    killed = in_another_process("Server(home).ensure()", home, start_new_session=True)
    place = home / "database"
    wait_for(lambda: any(place.glob("data.new-*/global/*")))
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not data_of(home).exists()
    server = Server(home)
    server.ensure()
    remember(server, 1)
    assert kept(server) == [1]
    assert not list(place.glob("data.new-*"))


def test_a_failed_start_quotes_the_last_messages(home: Path) -> None:
    server = Server(home)
    server.ensure()
    server.stop()
    (data_of(home) / "custom.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(Unavailable) as refused:
        server.ensure()
    assert refused.value.code == "database_start_failed"
    assert "shared_buffers" in refused.value.can_do


def test_a_server_killed_while_it_starts_is_started_once_more(home: Path) -> None:
    Server(home).ensure()
    Server(home).stop()
    programs, killed = home / "programs", home / "killed"
    real = Server(home).programs
    programs.mkdir()
    for program in ("postgres", "initdb", "pg_isready"):
        (programs / program).write_text(f'#!/bin/sh\nexec {real}/{program} "$@"\n')
    (programs / "pg_ctl").write_text(
        f'#!/bin/sh\n[ -e {killed}/once ] && exec {real}/pg_ctl "$@"\n'
        f'{real}/pg_ctl "$@" && touch {killed}/once && kill -9 $(head -1 {data_of(home)}/*.pid)\n'
        "exit 1\n"
    )
    killed.mkdir()
    killed.chmod(0o777)
    programs.chmod(0o755)
    for made in programs.iterdir():
        made.chmod(0o755)
    server = Server(home, programs)
    server.ensure()
    assert (killed / "once").exists()
    remember(server, 1)
