#!/usr/bin/env python3
"""Import the dashboard of this folder into a running Superset. Needs Python 3.9, nothing else.

    export SUPERSET_PASSWORD_FILE=admin.txt PGMUSE_PASSWORD_FILE=analyst.txt
    deploy/superset/import.py --superset http://127.0.0.1:8088 --user admin \\
        --database postgresql://analyst@127.0.0.1:5432/pgmuse

The files contain the password of Superset's user, and of the database's login, which needs the role
muse_reader only. Importing again replaces the dashboard, its charts and its datasets.
"""

import argparse
import io
import json
import os
import re
import sys
import uuid
import zipfile
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

DASHBOARD = Path(__file__).resolve().with_name("dashboard")
DATABASE = "databases/pgmuse.yaml"  # has the address of the database
ADDRESS = re.compile(r"^sqlalchemy_uri: .*$", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        bundle = build_bundle(options.database)
        opener = build_opener(HTTPCookieProcessor(CookieJar()))
        headers = log_in(opener, options.superset, options.user)
        send_bundle(opener, options.superset, headers, bundle)
    except HTTPError as error:
        detail = " ".join(error.read(2000).decode(errors="replace").split())
        print(f"import: Superset answered {error.code}: {detail}", file=sys.stderr)
        return 1
    except (URLError, ValueError, OSError) as error:
        print(f"import: {error}", file=sys.stderr)
        return 1
    print(f"imported: {options.superset}/superset/dashboard/pgmuse/")
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Import pgmuse's dashboard into Superset.")
    parser.add_argument("--superset", default="http://127.0.0.1:8088", help="address of Superset")
    parser.add_argument("--user", default="admin", help="a user of Superset who may import")
    parser.add_argument(
        "--database",
        default="postgresql://analyst@127.0.0.1:5432/pgmuse",
        help="address of the database as Superset reaches it, without a password",
    )
    options = parser.parse_args(arguments)
    options.superset = options.superset.rstrip("/")
    return options


def read_password(name: str) -> str:
    """The first line of the file that the variable NAME_FILE names, else the variable NAME."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").split("\n", 1)[0]
    password = os.environ.get(name)
    if not password:
        raise ValueError(f"no password: set {name}_FILE to the name of a file that contains it")
    return password


def build_bundle(database: str) -> bytes:
    """The zip file that Superset imports, with the address of the database, without its password.

    Errors: ValueError where the address is not one of PostgreSQL, or has a password.
    """
    parts = urlsplit(database)
    if not parts.scheme.startswith("postgresql") or not parts.username or not parts.hostname:
        raise ValueError("--database is not like postgresql://analyst@HOST:5432/pgmuse")
    if parts.password:
        raise ValueError("--database has a password: set PGMUSE_PASSWORD_FILE instead")
    host = f"{parts.username}:XXXXXXXXXX@{parts.netloc.rpartition('@')[2]}"
    address = parts._replace(scheme="postgresql+psycopg2", netloc=host).geturl()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        for path in sorted(DASHBOARD.rglob("*.yaml")):
            name, text = path.relative_to(DASHBOARD).as_posix(), path.read_text(encoding="utf-8")
            if name == DATABASE:
                text = ADDRESS.sub(lambda _: f"sqlalchemy_uri: {json.dumps(address)}", text)
            bundle.writestr(f"pgmuse/{name}", text)
    return content.getvalue()


def log_in(opener: OpenerDirector, superset: str, user: str) -> dict[str, str]:
    """Headers of a session: a token of the user, and one against forged requests."""
    login = {
        "username": user,
        "password": read_password("SUPERSET_PASSWORD"),
        "provider": "db",
        "refresh": False,
    }
    request = Request(  # noqa: S310
        f"{superset}/api/v1/security/login",
        json.dumps(login).encode(),
        {"Content-Type": "application/json"},
    )
    headers = {"Authorization": f"Bearer {answer(opener, request)['access_token']}"}
    request = Request(f"{superset}/api/v1/security/csrf_token/", headers=headers)  # noqa: S310
    token = answer(opener, request)["result"]
    return headers | {"X-CSRFToken": token, "Referer": superset}


def send_bundle(
    opener: OpenerDirector, superset: str, headers: dict[str, str], bundle: bytes
) -> None:
    """Send the zip file as a form, with the password of the database."""
    passwords = json.dumps({DATABASE: read_password("PGMUSE_PASSWORD")})
    border = uuid.uuid4().hex
    field = f'--{border}\r\nContent-Disposition: form-data; name="{{}}"{{}}\r\n\r\n'
    body = b"".join((
        field.format("passwords", "").encode(), passwords.encode(), b"\r\n",
        field.format("bundle", '; filename="pgmuse.zip"\r\nContent-Type: application/zip').encode(),
        bundle, f"\r\n--{border}--\r\n".encode(),
    ))  # fmt: skip
    headers = headers | {"Content-Type": f"multipart/form-data; boundary={border}"}
    request = Request(f"{superset}/api/v1/assets/import/", body, headers)  # noqa: S310
    answer(opener, request)


def answer(opener: OpenerDirector, request: Request) -> Any:
    with opener.open(request, timeout=120) as response:
        return json.load(response)


if __name__ == "__main__":
    sys.exit(main())
