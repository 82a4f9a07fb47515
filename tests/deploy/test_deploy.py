"""compose.yaml, the images, the units: what they say is run as they say it, as far as that goes here.

There is neither Docker nor a running systemd. What is checked: the files by their own tools or schema, and
command lines with the environment and secrets' files that they give, on the wheel in a fresh environment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from compose_spec import PyCompose

from tests.api.process import until
from tests.api.support import People, bearer, token
from tests.support.deployed import UNITS, Program, api, compose, image, service, unit, unit_program
from tests.support.pages import ROOT
from tests.support.servers import DEBIAN_BIN, Cluster, Database

LIVE, READY = "/health/live", "/health/ready"
STOP = {"api": 30, "worker": 60}
"""Seconds until a supervisor kills what it has asked to end."""


@contextmanager
def deployed(cluster: Cluster, secrets: Path) -> Iterator[Database]:
    """A server as make-operator.sh leaves it, and the secrets that make-secrets.sh has made for it."""
    subprocess.run([ROOT / "deploy/docker/make-secrets.sh"], cwd=secrets.parent, check=True)
    assert secrets.stat().st_mode & 0o077 == 0, "nobody else opens the folder"
    make_operator(cluster, secrets)
    where = psycopg.conninfo.conninfo_to_dict(cluster.server.url())
    for file in secrets.glob("*-url"):  # in a network of containers it is called `database`
        here = file.read_text().replace("@database/", "@/") + f"?host={where['host']}&port={where['port']}"
        file.chmod(0o600)
        file.write_text(here)
    yield Database(cluster.server, cluster.version, "homeroom")


def make_operator(cluster: Cluster, secrets: Path, programs: str = str(DEBIAN_BIN)) -> None:
    """Run make-operator.sh. programs: where its psql is looked for first."""
    where = psycopg.conninfo.conninfo_to_dict(cluster.server.url())
    # As the image runs it; of its own, 18 brings no pg_cron here.
    script = (ROOT / "deploy/docker/make-operator.sh").read_text()
    script = script.replace("/run/secrets", str(secrets))
    if cluster.version == 18:
        script = script.replace("create extension if not exists pg_cron;\n", "")
        script = script.replace("grant usage on schema cron to operator;\n", "")
        assert "cron" not in script
    subprocess.run(
        ["bash", "-c", script],
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": str(where["host"]),
            "PGPORT": str(where["port"]),
            "POSTGRES_USER": "postgres",
        },
        check=True,
    )


@pytest.fixture
def server(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[Cluster]:
    """A new server of the version that the test runs on."""
    with Cluster(cluster.version, cron_database="homeroom" if cluster.version == 15 else None) as own:
        yield own


def the_three(kind: str, secrets: Path) -> tuple[Program, Program, Program]:
    """migrate, API and worker, as one kind of deployment runs them."""
    names = ("migrate", "api", "worker")
    if kind == "compose":
        return tuple(service(name, secrets) for name in names)  # type: ignore[return-value]
    return tuple(unit_program(f"homeroom-{name}.service", secrets) for name in names)  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["compose", "systemd"])
def test_what_the_files_say_runs(server: Cluster, installed: Path, tmp_path: Path, kind: str) -> None:
    secrets = tmp_path / "secrets"
    with deployed(server, secrets) as database:
        migrate, serve, work = (program.on(installed) for program in the_three(kind, secrets))
        done = migrate.run()
        assert done.returncode == 0, done.stderr
        assert migrate.run().returncode == 0, "again at each start"
        with database.connect() as db:
            people = People(db)
        assert not any("password" in value for value in serve.environment.values())
        log = tmp_path / "log"
        with api(serve, log) as client, work.running(log) as worker:
            until(lambda: client.get(READY).status_code == 200)
            secret = (secrets / "jwt-secret").read_text()
            headers = bearer(token(people.ada, people.org, "student", key=secret))
            answer = client.get("/api/v1/student/performance", headers=headers)
            assert answer.status_code == 200, answer.text

            def has_worked() -> bool:
                with database.connect() as db:
                    row = db.execute("select exists (select from ops.job_run)").fetchone()
                return row == (True,)

            until(has_worked)
            until(lambda: '"working"' in log.read_text())  # the database may have been quicker, by pg_cron
            assert worker.poll() is None
            if kind == "compose":  # the image's check of health, on the port that it listens on
                (check,) = (line for line in image()["HEALTHCHECK"])
                command: list[str] = json.loads(check.split("CMD", 1)[1])
                command[0] = str(installed / "bin" / command[0])
                port = {"DASHBOARD_PORT": str(client.base_url.port)}
                assert subprocess.run(command, env=port, check=False).returncode == 0
                assert subprocess.run(
                    command, env={"DASHBOARD_PORT": "1"}, capture_output=True, check=False
                ).returncode
        text = log.read_text()
        assert all(file.read_text().strip() not in text for file in secrets.iterdir()), "no secret is logged"


def test_who_lists_processes_sees_no_password(server: Cluster, tmp_path: Path) -> None:
    secrets, seen = tmp_path / "secrets", tmp_path / "seen"
    subprocess.run([ROOT / "deploy/docker/make-secrets.sh"], cwd=tmp_path, check=True)
    psql = tmp_path / "psql"
    psql.write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" >>{seen}\nexec {DEBIAN_BIN}/psql "$@"\n')
    psql.chmod(0o700)
    make_operator(server, secrets, str(tmp_path))
    arguments = seen.read_text()
    assert "--quiet" in arguments
    assert all(file.read_text().strip() not in arguments for file in secrets.iterdir())
    (secrets / "api-password").unlink()
    with pytest.raises(subprocess.CalledProcessError):
        make_operator(server, secrets, str(tmp_path))
    assert seen.read_text() == arguments, "and without one nothing is made"


def test_the_image_has_every_command_and_no_server(installed: Path) -> None:
    program = installed / "bin" / "homeroom"
    done = subprocess.run([program, "--help"], env={}, cwd="/", capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("migrate", "serve", "work", "verify", "analyst"))
    embedded: list[str | Path] = [program, "up", "--data-dir", "/nonexistent/homeroom"]
    done = subprocess.run(embedded, env={}, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_compose_yaml_is_of_the_compose_specification() -> None:
    content = compose()
    # As JSON: it does not know how YAML merges mappings.
    PyCompose.from_json(json.dumps(content))
    wrong = content | {"services": {"api": {"imgae": "homeroom"}}}
    with pytest.raises(ValueError, match="imgae"):
        PyCompose.from_json(json.dumps(wrong))
    for name, said in content["services"].items():
        for secret in said.get("secrets", []):
            known = secret if isinstance(secret, str) else secret["source"]
            assert known in content["secrets"], name
        assert set(said["networks"]) <= set(content["networks"])
        assert set(said.get("depends_on", {})) <= set(content["services"])
        for build in [said["build"]]:
            assert (ROOT / build["dockerfile"]).is_file()
    published = {name: said["ports"] for name, said in content["services"].items() if "ports" in said}
    assert published == {"api": ["127.0.0.1:8000:8000"]}
    for name, seconds in STOP.items():
        assert content["services"][name]["stop_grace_period"] == f"{seconds}s"
    knows_owner = {name for name, said in content["services"].items() if "database-url" in said["secrets"]}
    assert knows_owner == {"migrate", "worker"}


@pytest.mark.parametrize(
    "file", ["Dockerfile", *(f"deploy/docker/{name}.Dockerfile" for name in ("postgres", "pgbouncer"))]
)
def test_the_dockerfiles_pass_hadolint(file: str) -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, ROOT / file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_not_roots_and_has_no_build_tools() -> None:
    said = image()
    assert [line.split()[-1] for line in said["FROM"]] == ["build", "homeroom"]
    assert said["USER"] == ["10001:10001"]
    last = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "pip" not in last and "apt" not in last
    for line in said["COPY"]:
        *sources, _ = line.removeprefix("--from=build ").split()
        assert all(source == "/opt/homeroom" or (ROOT / source).exists() for source in sources)


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """Their program is not installed here: /bin/true stands for it."""
    for file in UNITS.glob("*.service"):
        (tmp_path / file.name).write_text(file.read_text().replace("/opt/homeroom/bin/homeroom", "/bin/true"))
    units = sorted(tmp_path.glob("*.service"))
    assert len(units) == 3
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    # What systemd itself thinks of how exposed they are, of 10: 2.0 and less it calls "ok".
    for file in units:
        done = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--threshold=20", file],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_the_units_stop_later_than_what_they_run() -> None:
    for name, seconds in STOP.items():
        said = unit(f"homeroom-{name}.service")
        assert said["TimeoutStopSec"] == [str(seconds)]
        assert said["KillSignal"] == ["SIGTERM"] and said["Restart"] == ["always"]
