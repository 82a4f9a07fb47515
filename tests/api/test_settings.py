"""The table of settings: what is read, what is refused and how it is documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from api.app import create_app
from api.auth import sign
from api.keys import keys_from
from api.settings import FROM_FILES, Settings, SettingsError, load, markdown

ROOT = Path(__file__).parents[2]
SECRET = "s" * 32


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


RSA = rsa.generate_private_key(65537, 2048)
WEAK_RSA = rsa.generate_private_key(65537, 1024)
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())


def test_nothing_set_means_the_defaults() -> None:
    assert load({}) == Settings()


def test_each_field_is_read_from_the_variable_of_its_name() -> None:
    settings = load(
        {
            "DASHBOARD_PORT": "9000",
            "DATABASE_STATEMENT_TIMEOUT": "2.5",
            "HOMEROOM_DATA_DIR": "/data",
            "JWT_SECRET": SECRET,
            "LOG_LEVEL": "DEBUG",
            "dashboard_host": "not this",
        }
    )
    assert settings == Settings(
        dashboard_port=9000,
        database_statement_timeout=2.5,
        homeroom_data_dir=Path("/data"),
        jwt_secret=SECRET,
        log_level="DEBUG",
    )


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({"DASHBOARD_PORT": "", "DATABASE_URL": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DASHBOARD_PORT", "http"),
        ("DASHBOARD_PORT", "0"),
        ("DASHBOARD_PORT", "65536"),
        ("DASHBOARD_WORKERS", "-1"),
        ("DATABASE_POOL_SIZE", "8.5"),
        ("DATABASE_STATEMENT_TIMEOUT", "nan"),
        ("DATABASE_URL", "sqlite:///hunter2.db"),
        ("API_DATABASE_URL", "postgresql://user:hunter2@[::1/db"),
        ("JWT_ALGORITHM", "none"),
        ("JWT_ALGORITHM", "hs256"),
        ("JWT_SECRET", "hunter2"),
        ("JWT_JWKS_URL", "ftp://keys.example"),
        ("LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_named_and_a_secret_is_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be: ") as error:
        load({name: value})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"JWT_ALGORITHM": "RS256", "JWT_SECRET": SECRET}, "JWT_SECRET is set, but means nothing"),
        ({"JWT_PUBLIC_KEY": "x"}, "JWT_PUBLIC_KEY is set, but means nothing"),
        ({"JWT_JWKS_URL": "https://keys.example"}, "JWT_JWKS_URL is set, but means nothing"),
        (
            {"JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": "x", "JWT_JWKS_URL": "https://keys.example"},
            "choose one source of keys",
        ),
    ],
)
def test_two_sources_of_keys_are_a_contradiction(environ: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load(environ)


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({}, "JWT_SECRET is not set"),
        ({"JWT_ALGORITHM": "EdDSA"}, "JWT_PUBLIC_KEY or JWT_JWKS_URL must be set"),
        (
            {"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": "a key"},
            "JWT_PUBLIC_KEY must be: a public key as PEM",
        ),
        ({"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem(P256)}, "JWT_PUBLIC_KEY is not a key for"),
        ({"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem(WEAK_RSA)}, "too weak"),
        ({"JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": pem(P384)}, "JWT_PUBLIC_KEY is not a key for"),
        ({"JWT_ALGORITHM": "EdDSA", "JWT_PUBLIC_KEY": pem(RSA)}, "JWT_PUBLIC_KEY is not a key for"),
        (
            {
                "JWT_ALGORITHM": "RS256",
                "JWT_PUBLIC_KEY": RSA.private_bytes(
                    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
                ).decode(),
            },
            "JWT_PUBLIC_KEY must be: a public key as PEM",
        ),
    ],
)
def test_a_key_that_is_missing_or_does_not_fit_is_named_before_serving(
    environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(SettingsError, match=complaint):
        create_app(load({"DATABASE_URL": "postgresql://localhost/school", **environ}))


def test_a_pem_key_may_come_on_one_line() -> None:
    one_line = pem(RSA).replace("\n", "\\n")
    assert keys_from(load({"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": one_line}))


def test_the_api_logs_in_as_itself_and_never_with_the_owners_password() -> None:
    settings = load({"DATABASE_URL": "postgresql://owner:hunter2@db.example:5433/school?sslmode=require"})
    conninfo = settings.api_conninfo()
    assert "user=homeroom_api" in conninfo
    assert "hunter2" not in conninfo
    assert all(
        part in conninfo for part in ("host=db.example", "port=5433", "dbname=school", "sslmode=require")
    )
    chosen = "postgresql://api:secret@pool.example/school"
    assert load({"DATABASE_URL": "postgresql:///x", "API_DATABASE_URL": chosen}).api_conninfo() == chosen


def test_serving_without_a_database_is_refused() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        create_app(load({"JWT_SECRET": SECRET}))


def test_secrets_are_not_in_the_repr() -> None:
    settings = Settings(
        jwt_secret=SECRET, database_url="postgresql://u:hunter2@h/d", api_database_url="hunter2"
    )
    assert SECRET not in repr(settings)
    assert "hunter2" not in f"{settings} {settings!r}"


def test_a_child_process_gets_the_same_settings() -> None:
    settings = load({"JWT_SECRET": SECRET, "DASHBOARD_PORT": "9000", "HOMEROOM_DATA_DIR": "/data"})
    assert load(settings.environment()) == settings


def test_only_who_holds_the_secret_signs() -> None:
    with pytest.raises(SettingsError, match="JWT_SECRET is not set"):
        sign(Settings(jwt_algorithm="RS256"), {"sub": "x"}, 60)


def test_the_page_shows_the_table_as_it_is() -> None:
    assert markdown() in (ROOT / "docs/settings.md").read_text()
    assert "| `DEMO_PAGE` | `true` or `false` | `false` |" in markdown(), "as one writes it"


# --- Secrets in files


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n", "\r\n\n"])
def test_a_secret_may_stand_in_a_file(tmp_path: Path, end: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(SECRET.encode() + end.encode())
    assert load({"JWT_SECRET_FILE": str(file)}) == Settings(jwt_secret=SECRET)
    assert load({"JWT_SECRET_FILE": str(file), "JWT_SECRET": ""}) == Settings(jwt_secret=SECRET)


@pytest.mark.parametrize("name", sorted(FROM_FILES & set(msgspec.structs.asdict(Settings()))))
def test_every_secret_may_and_not_twice(tmp_path: Path, name: str) -> None:
    variable = name.upper()
    with pytest.raises(SettingsError, match=f"^{variable} and {variable}_FILE are both set: choose one$"):
        load({variable: "hunter2", f"{variable}_FILE": str(tmp_path / "none")})
    assert f"or `{variable}_FILE`" in markdown()


@pytest.mark.parametrize(
    "kind",
    [
        "missing", "folder", "bytes", "empty", "huge", "nul", "short", "pipe", "device", "mark", "utf-16",
        "zero", "tab", "lines", "escape",
    ],
)  # fmt: skip
def test_a_file_that_is_no_secret_is_named_by_its_variable_alone(tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "hunter2")
    long = b"hunter2" * 6
    contents = {
        "bytes": b"\xff" * 40, "empty": b"\n", "huge": b"x" * 70_000, "short": b"hunter2",
        "mark": b"\xef\xbb\xbf" + long, "utf-16": long.decode().encode("utf-16-le"), "zero": long + b"\0",
        "tab": long + b"\t" + long, "lines": long + b"\n" + long, "escape": long + b"\x1b[0m",
    }  # fmt: skip
    if kind in contents:
        Path(path).write_bytes(contents[kind])
    elif kind == "folder":
        Path(path).mkdir()
    elif kind == "nul":
        path += "\0"
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    with pytest.raises(SettingsError, match=r"^JWT_SECRET_FILE (must be|names)") as error:
        load({"JWT_SECRET_FILE": path})
    assert "hunter2" not in str(error.value) and "\n" not in str(error.value)


def test_a_key_as_pem_may_have_lines_and_no_other_control_character(tmp_path: Path) -> None:
    file = tmp_path / "key"
    for text in (pem(RSA), pem(RSA).replace("\n", "\r\n")):
        file.write_bytes(text.encode())
        settings = load({"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY_FILE": str(file)})
        assert settings.jwt_public_key == text.rstrip()
        assert keys_from(settings)
    file.write_text(pem(RSA) + "\x00")
    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY_FILE must be"):
        load({"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY_FILE": str(file)})


def test_whatever_is_wrong_with_what_a_file_holds_names_the_files_variable(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("sqlite:///hunter2.db is no database")
    for environ, variable in (
        ({}, "DATABASE_URL"),
        ({}, "API_DATABASE_URL"),
        ({"JWT_ALGORITHM": "ES256"}, "JWT_SECRET"),
        ({}, "JWT_PUBLIC_KEY"),
        ({"JWT_ALGORITHM": "ES256"}, "JWT_JWKS_URL"),
        ({}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ):
        with pytest.raises(SettingsError, match=f"^{variable}_FILE [^\n]*$") as error:
            load({**environ, f"{variable}_FILE": str(file)})
        assert "hunter2" not in str(error.value)


# --- All at once


def test_all_that_is_wrong_is_named_a_line_each(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("hunter2")
    wrong = {
        "DASHBOARD_PORT": "0",
        "DATABASE_URL": "sqlite:///hunter2.db",
        "API_DATABASE_URL_FILE": str(tmp_path / "none"),
        "JWT_SECRET_FILE": str(tmp_path / "short"),
        "JWT_JWKS_URL": "hunter2",
        "LOG_LEVEL": "LOUD",
        "CORS_ORIGINS": "hunter2",
        "TRUSTED_PROXIES": "everybody",
        "RATE_LIMITS": "many",
    }
    with pytest.raises(SettingsError) as error:
        load(wrong | {"DATABASE_POOLER": "true"})
    lines = str(error.value).splitlines()
    named = {line.partition(" ")[0].rstrip(":") for line in lines}
    assert named == wrong.keys() | {"DATABASE_POOLER"}
    assert len(lines) == len(named) and "hunter2" not in str(error.value)


def test_a_process_says_so_and_exits_with_2() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "api.cli", "serve"],
        cwd=ROOT,
        env={"DASHBOARD_PORT": "0", "JWT_SECRET": "hunter2", "LOG_LEVEL": "LOUD"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2 and "hunter2" not in ended.stderr
    for variable in ("DASHBOARD_PORT", "JWT_SECRET", "LOG_LEVEL"):
        assert re.search(f"^(Error: )?{variable} must be: ", ended.stderr, re.MULTILINE), ended.stderr


def test_what_is_wrong_by_itself_contradicts_nothing(tmp_path: Path) -> None:
    """The algorithm would be another, and the URL is there."""
    with pytest.raises(SettingsError) as error:
        load(
            {
                "JWT_ALGORITHM": "ES257",
                "JWT_PUBLIC_KEY": "x",
                "DATABASE_POOLER": "true",
                "DATABASE_LISTEN_URL_FILE": str(tmp_path / "none"),
            }
        )
    assert [line.partition(" ")[0] for line in str(error.value).splitlines()] == [
        "DATABASE_LISTEN_URL_FILE",
        "JWT_ALGORITHM",
    ]


def test_each_key_that_means_nothing_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^JWT_PUBLIC_KEY is set, .*\nJWT_JWKS_URL is set, [^\n]*$"):
        load({"JWT_PUBLIC_KEY": "x", "JWT_JWKS_URL": "https://keys.example"})


def test_a_child_gets_the_content_and_not_both(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    environ = {"JWT_SECRET_FILE": str(file)}
    settings = load(environ)
    assert load(environ | settings.environment()) == settings


def test_what_is_no_secret_has_no_file(tmp_path: Path) -> None:
    assert load({"DASHBOARD_PORT_FILE": str(tmp_path / "none")}) == Settings()
