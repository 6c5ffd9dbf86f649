# SPDX-License-Identifier: Apache-2.0
"""`polyvet serve --demo`: what it prints works as it stands, and it installs its practice once, whole or anew."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from polyvet.model.library import NewMail
from polyvet.storage import mails
from polyvet.storage.store import open_store
from polyvet.storage.writing import Touching, Tx
from tests.cli.commands import made, refused
from tests.cli.conftest import Demo
from tests.core.stores import run
from tests.serving.running import PROGRAM, READY, Running, client, environment, polyvet, until

BONCUK = "/api/v1/patients/patient_01JABC9XYZKL4N7P3Q8TRM2ZDE"


def _credentials(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "demo-credentials.json").read_text())
    return found


def test_the_credentials_are_the_owners_alone_and_complete(demo: Demo) -> None:
    path = demo.folder / "demo-credentials.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert demo.credentials["base_url"] == demo.server.url
    clinics = (demo.credentials, demo.credentials["other_clinic"])
    names = {"vetigen", "clinovavet", "provet", "vetcheck", "console"}
    assert [set(clinic) for clinic in clinics] == [{*names, "base_url", "other_clinic"}, names]
    assert [set(clinic["console"]) for clinic in clinics] == [{"email", "password"}] * 2
    keys = [clinic[dialect]["api_key"] for clinic in clinics for dialect in ("vetigen", "clinovavet")]
    keys += [clinic["provet"]["token"] for clinic in clinics]
    assert len(set(keys)) == 6
    assert [clinic["provet"]["provet_id"] for clinic in clinics] == [4, 5]
    names = {"provet_id", "token", "client_id", "client_secret", "redirect_uri", "email", "password"}
    assert [set(clinic["provet"]) for clinic in clinics] == [names, names]
    names = names - {"provet_id", "token"} | {"free_email", "free_password"}
    assert [set(clinic["vetcheck"]) for clinic in clinics] == [names, names]
    assert len({clinic["vetcheck"][name] for clinic in clinics for name in ("email", "free_email")}) == 4
    assert not list(demo.folder.glob("*.partial"))
    assert not (demo.folder / "demo-unfinished").exists()
    assert (demo.folder / "polyvet.db").stat().st_mode & 0o077 == 0


def test_it_says_last_that_it_is_ready_and_where(demo: Demo) -> None:
    assert demo.server.said.splitlines()[-1] == READY + demo.server.url
    assert demo.server.get("/health").status_code == 200
    for dialect in ("vetigen", "clinovavet"):
        assert demo.credentials[dialect]["api_key"] in demo.server.said
    assert f"{demo.server.url}/4/api/0.1  key {demo.credentials['provet']['token']}" in demo.server.said
    owner = "{email} signs in with {password}".format(**demo.credentials["console"])
    assert f"{demo.server.url}/console\n  {owner}\n" in demo.server.said


@pytest.mark.parametrize("other", [False, True])
def test_the_console_lets_in_the_owner_of_either_clinic(demo: Demo, other: bool) -> None:
    owner = (demo.credentials["other_clinic"] if other else demo.credentials)["console"]
    with client(demo.server.url, follow_redirects=True) as http:
        csrf = re.search(r'name="csrf" value="(\w+)"', http.get("/console").text)
        assert csrf is not None
        page = http.post("/console/sign-in", data={"csrf": csrf[1], **owner})
    assert page.url.path == "/console"
    assert "whose role is owner" in page.text
    assert ("Northgate" in page.text) == other


def test_the_requests_that_it_prints_work_when_they_are_pasted(demo: Demo) -> None:
    if shutil.which("curl") is None:
        pytest.skip("this machine has no curl")
    lines = [line.strip() for line in demo.server.said.splitlines() if line.strip().startswith("curl ")]
    assert len(lines) == 5
    answers = [
        subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, timeout=30, env=environment()).stdout
        for line in lines
    ]
    dogs, boncuk, smiths, johns, granted = (json.loads(answer) for answer in answers)
    assert dogs["success"] is True
    assert dogs["data"]["items"]
    assert {patient["species"] for patient in dogs["data"]["items"]} == {"dog"}
    assert boncuk["data"]["name"] == "Boncuk"
    assert smiths["data"]
    assert all("smith" in json.dumps(owner).lower() for owner in smiths["data"])
    assert [patient["name"] for patient in johns["results"]] == ["Max"]
    answer = demo.server.get("/4/api/0.1/client/456/", granted["access_token"])
    assert (answer.status_code, answer.json()["id"]) == (200, 456)


def test_a_change_is_told_to_the_demos_own_receiver_wherever_it_listens(practice: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(practice, folder)
    with Running(folder, "--demo") as server:
        page, root = f"{server.url}/demo/webhooks", f"{server.url}/4/api/0.1"
        headers = {"Authorization": f"Token {_credentials(folder)['provet']['token']}"}
        [hook] = server.http.get(f"{root}/hook/webhook/", headers=headers).json()["results"]
        assert hook["target_url"] == f"{page}/4"
        number = server.http.get(f"{root}/patient/?name=Max", headers=headers).json()["results"][0]["id"]
        changed = server.http.patch(f"{root}/patient/{number}/", headers=headers, json={"remarks": "Shy"})
        assert changed.status_code == 200
        assert until(lambda: f"{number}&#34;}}" in server.http.get(page).text)
        shown = server.http.get(page)
    assert "✓" in shown.text
    assert "✗" not in shown.text
    assert "<script" not in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]


def test_the_demos_receiver_shows_what_anybody_posts_and_keeps_the_last_fifty(demo: Demo) -> None:
    page = f"{demo.server.url}/demo/webhooks"
    for n in range(60):
        assert demo.server.http.post(f"{page}/somebody", content=f"<b>{n}-th</b>").status_code == 200
    forged = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    for broken in (forged, {**forged, "webhook-signature": "nonsense"}, {"webhook-signature": "v1"}):
        assert demo.server.http.post(f"{page}/4", content=b"\xff", headers=broken).status_code == 200
    shown = demo.server.http.get(page).text
    assert shown.count("<article>") == 50
    assert shown.count("✗") == 3
    assert "&lt;b&gt;59-th&lt;/b&gt;" in shown
    assert "&gt;12-th" not in shown
    assert demo.server.http.post(f"{page}/somebody", content=b"x" * 70_000).status_code == 413


def test_the_demo_shows_its_mails_with_links_to_itself_and_sends_none(demo: Demo) -> None:
    page = f"{demo.server.url}/demo/mail"
    assert f"Mails that would be sent are shown at {page}" in demo.server.said
    assert "Nothing has been sent yet." in demo.server.http.get(page).text
    link = f"{demo.server.url}/s/token?a=1&b=2"
    mail_at_length(demo, link)
    assert until(lambda: "No. 54 " in demo.server.http.get(page).text)
    shown = demo.server.http.get(page)
    assert shown.text.count("<article>") == 50
    assert "No. 54 &lt;b&gt;" in shown.text
    assert "No. 4 " not in shown.text
    assert shown.text.index("No. 54 ") < shown.text.index("No. 53 ")
    href = link.replace("&", "&amp;")
    assert shown.text.count(f'<a href="{href}">{href}</a>.') == 50
    assert shown.text.count("<a ") == 51  # and the one that loads the page again
    assert "<script" not in shown.text
    assert "<img" not in shown.text
    assert "ada@owner.example" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert (shown.headers["referrer-policy"], shown.headers["cache-control"]) == ("no-referrer", "no-store")
    front = demo.server.http.get("/").text
    assert 'href="/demo/mail"' in front
    assert 'href="/demo/webhooks"' in front


def mail_at_length(demo: Demo, link: str) -> None:
    """Queue more mails than are shown, with a link among what looks like one."""
    text = (
        f"Open {link}.\nNot {demo.server.url}0/s, {demo.server.url}@evil.example/ nor https://evil.example/s/x\n"
        '<script>alert(1)</script> "><img src=x>'
    )

    async def queue() -> None:
        store = await open_store(f"sqlite:///{demo.folder}/polyvet.db")

        async def work(tx: Tx) -> None:
            for n in range(55):
                mails.add(
                    tx,
                    NewMail(
                        clinic_id=4,
                        recipient="ada@owner.example",
                        subject=f"No. {n} <b>",
                        plain=text,
                        html=f"<script>alert(2)</script><a href='{link}'>x</a>",
                    ),
                )

        try:
            await store.write(Touching(), work)
        finally:
            await store.close()

    run(queue())


def test_the_second_clinic_is_another_clinic(demo: Demo) -> None:
    ours, theirs = (
        demo.server.get("/api/v1/patients", clinic["vetigen"]["api_key"]).json()["data"]
        for clinic in (demo.credentials, demo.credentials["other_clinic"])
    )
    assert 0 < theirs["total"] != ours["total"]


def test_a_key_opens_its_own_dialect_only(demo: Demo) -> None:
    vetigen, clinovavet = (demo.credentials[dialect]["api_key"] for dialect in ("vetigen", "clinovavet"))
    assert demo.server.get("/api/v1/patients", clinovavet).status_code == 401
    assert demo.server.get("/api/v1/owners", vetigen).status_code == 401


def test_a_second_start_uses_what_is_there(practice: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(practice, tmp_path / "data"))
    before = _credentials(folder)
    with Running(folder, "--demo", "--clients", "9", "--seed", "7") as server:
        after = _credentials(folder)
        assert after == {**before, "base_url": server.url}
        key = after["clinovavet"]["api_key"]
        made = server.http.post(
            "/api/v1/owners",
            json={"firstName": "Second", "lastName": "Start"},
            headers={"Authorization": f"Bearer {key}"},
        )
        assert made.status_code == 201
        total = server.get("/api/v1/owners", key).json()["pagination"]["total"]
    with Running(folder, "--demo") as server:
        assert _credentials(folder)["base_url"] == server.url
        assert server.get("/api/v1/owners", key).json()["pagination"]["total"] == total
        assert server.get(f"/api/v1/owners/{made.json()['id']}", key).json()["lastName"] == "Start"


def test_an_installation_that_was_killed_starts_over(demo: Demo, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    process = subprocess.Popen(
        [PROGRAM, "serve", "--demo", "--clients", "30000", "--port", "0", "--data", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        assert until(lambda: _rows(folder, "clinics") > 0)
        time.sleep(0.5)  # in the midst of loading patients
        assert (folder / "demo-unfinished").exists()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert not (folder / "demo-credentials.json").exists()
    assert "interrupted" in refused("serve", "--port", 0, "--data", folder)
    with Running(folder, "--demo", "--clients", "30") as server:
        key = _credentials(folder)["vetigen"]["api_key"]
        assert server.get(BONCUK, key).status_code == 200
        total = server.get("/api/v1/patients", key).json()["data"]["total"]
    same = demo.server.get("/api/v1/patients", demo.credentials["vetigen"]["api_key"]).json()["data"]["total"]
    assert total == same
    assert not (folder / "demo-unfinished").exists()
    assert made("check", "--data", folder) == "The store is sound.\n"


def _rows(folder: Path, table: str) -> int:
    path = folder / "polyvet.db"
    if not path.exists():
        return 0
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = connection.execute(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1)").fetchone()  # noqa: S608
    except sqlite3.OperationalError:  # not there yet, or held by the loader
        return 0
    finally:
        connection.close()
    return int(found[0])


def test_a_store_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert made("create-clinic", "Mine", "--data", folder) == "1\n"
    assert refused("serve", "--demo", "--port", 0, "--data", folder).startswith("the store is not empty")
    assert _rows(folder, "clinics") == 1


def test_the_demo_on_postgresql(fresh_database: Callable[[], str], tmp_path: Path) -> None:
    url, folder = fresh_database(), tmp_path / "data"
    with Running(folder, "--demo", "--clients", "5", "--database-url", url) as server:
        key = _credentials(folder)["vetigen"]["api_key"]
        assert server.get(BONCUK, key).json()["data"]["name"] == "Boncuk"
    assert not (folder / "polyvet.db").exists()
    again = ["serve", "--demo", "--port", 0, "--database-url", url, "--data"]
    assert "holds no demo practice" in refused(*again, tmp_path / "other")
    (folder / "demo-unfinished").touch()
    assert "make the database anew" in refused(*again, folder)


def test_a_demo_of_the_same_seed_is_the_same(demo: Demo, practice: Path) -> None:
    known = demo.credentials["vetigen"]["api_key"]
    served = demo.server.get("/api/v1/patients?page_size=100", known).json()["data"]["items"]
    printed = polyvet("get", "/api/v1/patients?page_size=100", "--data", practice)
    names = [(one["fp"], one["name"]) for one in json.loads(printed.stdout)["data"]["items"]]
    assert names == [(one["fp"], one["name"]) for one in served]


def _shell(lines: str, **values: str) -> list[str]:
    """Run lines of a page, filled in where it shows `…` or its own address; gives what they print."""
    script = re.sub(r"(\w+)=(?:…|http://127\.0\.0\.1:8000/4)(?=\s)", lambda name: f"{name[1]}={values[name[1]]}", lines)
    script = script.replace("curl ", "curl -sS -w '\\n' ")
    done = subprocess.run(
        ["/bin/sh", "-euc", script], capture_output=True, text=True, check=True, timeout=60, env=environment()
    )
    return done.stdout.splitlines()


def test_what_the_page_on_oauth_shows_works_when_it_is_pasted(demo: Demo) -> None:
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("the page is told with curl and openssl")
    page = (Path(__file__).parents[2] / "docs" / "provet.md").read_text().partition("\n## OAuth 2.0\n")[2]
    own, consent = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)[:2]
    provet = demo.credentials["provet"]
    values = {
        "URL": f"{demo.server.url}/4",
        "CLIENT_ID": provet["client_id"],
        "CLIENT_SECRET": provet["client_secret"],
    }
    for line in _shell(own, **values):
        assert demo.server.get("/4/api/0.1/client/456/", json.loads(line)["access_token"]).status_code == 200
    asking, exchanging, refreshing = consent.split("\n\n")
    known = own.partition("\n\n")[0] + "\n"
    url, verifier = _shell(known + asking + '\necho "$VERIFIER"\n', **values)
    asked = dict(parse_qsl(urlsplit(url).query))
    form = {**asked, "email": provet["email"], "password": provet["password"], "decision": "allow"}
    back = demo.server.http.post("/4/oauth2/authorize/", data=form).headers["location"]
    values["CODE"] = dict(parse_qsl(urlsplit(back).query))["code"]
    [tokens] = _shell(known + f"VERIFIER={verifier}\n" + exchanging + "\n", **values)
    values["REFRESH"] = json.loads(tokens)["refresh_token"]
    refreshed = _shell(known + refreshing, **values)[0]
    assert demo.server.get("/4/oauth2/userinfo/", json.loads(refreshed)["access_token"]).status_code == 401
