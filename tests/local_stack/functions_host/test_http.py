from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from local_stack.functions_host.threaded import FunctionsHost
from local_stack.threaded import ThreadedStack
from tests.local_stack.functions_host.hub import Hub
from tests.local_stack.functions_host.site import Site, await_true


@pytest.fixture(scope="module")
def site(small_stack: ThreadedStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(small_stack, Hub(small_stack), tmp_path_factory.mktemp("http"))
    made.settings["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"] = "2000"
    made.settings["AzureFunctionsJobHost__extensions__http__maxOutstandingRequests"] = "3"
    yield made
    made.close()


@pytest.fixture(scope="module")
def host(site: Site) -> FunctionsHost:
    return site.start()


def test_a_request_reaches_the_function_and_its_answer_the_caller(site: Site, host: FunctionsHost) -> None:
    answer = site.request(host, "POST", "/API/echo/ada?q=1%262", data=b"hello", headers={"X-Mine": "yes"})
    assert answer.status_code == 202
    assert answer.headers["X-Was"] == "here"
    assert answer.headers["Content-Type"].startswith("application/json")
    said = answer.json()
    assert (said["name"], said["body"], said["q"], said["header"]) == ("ada", "hello", "1&2", "yes")
    assert site.request(host, "GET", "/api/text").text == "plain"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/echo/ada", 404),  # a method that no function takes is no route, as in Azure
        ("POST", "/api/echo/42", 404),
        ("POST", "/echo/ada", 404),
        ("GET", "/api/nothing", 404),
        ("DELETE", "/api/boom", 500),
        ("GET", "/api/keyed", 401),
        ("GET", "/api/keyed?code=wrong", 401),
        ("GET", "/admin/host/status", 401),
    ],
)
def test_refusals(site: Site, host: FunctionsHost, method: str, path: str, status: int) -> None:
    answer = site.request(host, method, path)
    assert answer.status_code == status
    assert "KeyError" not in answer.text


def test_keys_open_what_they_are_for(site: Site, host: FunctionsHost) -> None:
    keys = host.keys
    assert site.request(host, "GET", f"/api/keyed?code={keys.function}").text == "in"
    assert site.request(host, "GET", "/api/keyed", headers={"x-functions-key": keys.master}).text == "in"
    wrong = {"x-functions-key": keys.function}
    assert site.request(host, "GET", "/admin/host/status", headers=wrong).status_code == 401
    assert keys.master not in repr(keys)


def test_a_body_beyond_the_limit_is_refused(site: Site, host: FunctionsHost) -> None:
    assert site.request(host, "POST", "/api/echo/ada", data=b"x" * 2000).status_code == 202
    assert site.request(host, "POST", "/api/echo/ada", data=b"x" * 2001).status_code == 413
    chunks = iter([b"x" * 1500, b"x" * 1500])
    assert site.request(host, "POST", "/api/echo/ada", data=chunks).status_code == 413


def test_a_body_arrives_as_it_was_sent_whatever_its_encoding(site: Site, host: FunctionsHost) -> None:
    answer = site.request(
        host, "POST", "/api/echo/ada", data=b"no gzip", headers={"Content-Encoding": "gzip"}
    )
    assert (answer.status_code, answer.json()["body"]) == (202, "no gzip")


def test_headers_of_one_name_are_one(site: Site, host: FunctionsHost) -> None:
    trusted = ssl.create_default_context(cafile=str(site.stack.ca_file))
    connection = HTTPSConnection(urlsplit(host.url).netloc, context=trusted, timeout=30)
    try:
        connection.putrequest("POST", "/api/echo/ada")
        for value in ("one", "two"):
            connection.putheader("X-Mine", value)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        assert json.loads(connection.getresponse().read())["header"] == "one,two"
    finally:
        connection.close()


def test_more_than_the_outstanding_requests_are_turned_away(
    site: Site, host: FunctionsHost, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with ThreadPoolExecutor(3) as threads:
        ask = lambda _: site.request(host, "GET", f"/api/text?until={mark}").status_code  # noqa: E731
        begun = [threads.submit(ask, number) for number in range(3)]
        try:
            await_true(lambda: len(site.notes("waiting")) == 3)
            assert [ask(number) for number in range(5)] == [429] * 5
        finally:
            mark.touch()
        assert [one.result() for one in begun] == [200] * 3


def test_the_address_outlives_a_killed_worker(site: Site, host: FunctionsHost) -> None:
    killed = host.kill()
    assert site.request(host, "POST", "/api/echo/ada").json()["pid"] != killed


def test_two_workers_serve_one_address(site: Site) -> None:
    host = site.start(workers=2)
    seen: set[int] = set()

    def both_have_answered() -> bool:
        with ThreadPoolExecutor(3) as threads:
            answers = threads.map(lambda _: site.request(host, "POST", "/api/echo/ada"), range(24))
        seen.update(answer.json()["pid"] for answer in answers)
        return len(seen) > 1

    await_true(both_have_answered)
    assert seen == set(host.workers())


def test_a_caller_who_does_not_know_the_stacks_ca_is_not_served(host: FunctionsHost) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(host.url + "/api/text", timeout=10, verify=requests.certs.where())


def test_the_app_sees_its_settings_and_its_identity_but_nothing_of_its_starter(
    site: Site, host: FunctionsHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "the deployer's")
    other = site.start()
    seen = json.loads(site.request(other, "GET", "/api/environment").text)
    assert seen["Jobs"] == "jobs"
    assert seen["IDENTITY_HEADER"] == site.identity.header
    assert seen["SSL_CERT_FILE"] == str(site.stack.ca_file)
    assert "AZURE_CLIENT_SECRET" not in seen
    begun_with = Path(f"/proc/{other.workers()[0]}/environ").read_bytes()
    assert site.identity.header.encode() not in begun_with


def test_an_administrator_starts_a_function_and_sees_the_metrics(site: Site, host: FunctionsHost) -> None:
    master = {"x-functions-key": host.keys.master}
    job = json.dumps({"input": json.dumps({"job": 7})})
    assert site.request(host, "POST", "/admin/functions/work", data=job, headers=master).status_code == 202
    await_true(lambda: site.notes("done"))
    assert site.notes("done")[0]["job"] == 7
    assert site.request(host, "POST", "/admin/functions/none", headers=master).status_code == 404
    names = {each["name"] for each in site.request(host, "GET", "/admin/functions", headers=master).json()}
    assert {"work", "poisoned", "read", "hourly", "echo"} <= names
    await_true(lambda: host.metrics()["workers"][0]["functions"]["work"]["succeeded"] == 1)
    told = site.request(host, "GET", "/admin/host/metrics", headers=master).json()
    assert told["workers"][0]["functions"]["work"]["succeeded"] == 1
    assert told["host"]["rssBytes"] > 1_000_000
