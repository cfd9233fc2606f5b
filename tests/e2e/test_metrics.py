"""GET /metrics tells what happened: requests, connections, handshakes, trust, store, view, audit trail.

Its text is what Prometheus' own tool takes; no label in it can be chosen by a client.
"""

import datetime
import re
import shutil
import subprocess
import time

import pytest
from cryptography import x509

from harness import forge
from harness.chap import KEY, Caller, fresh_id, key_environment, listener, start_chap
from harness.shared import redis_of, store_key
from harness.livecloud import LiveCloud, make_crl, metric, pem, reload, write
from harness.process import processor_seconds, wait_until
from harness.requests import ECHO, LOOKUP, fresh, register, registration, revoke
from harness.server import OPS, PLAIN, SECURE, quiver_command
from harness.stalls import again_after_a_stall
from harness.testpki import authority

PARTS = {"own certificate", "CAs and CRLs", "policy", "identity", "service keys", "configuration",
         "workers", "memory of CRLs", "own entries"}
LINE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.]+)')


@pytest.fixture
def cloud(tmp_path):
    return LiveCloud(tmp_path / "cloud")


def scrape(server) -> dict[str, float]:
    """series -> value; each line is well formed, none stands twice."""
    answer = server.ops.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = {}
    for line in answer.text.splitlines():
        if not line.startswith("# "):
            assert LINE.fullmatch(line), line
            series, value = line.rsplit(" ", 1)
            assert series not in found, series
            found[series] = float(value)
    return found


def requests(server, operation, status) -> int:
    return metric(server, "quiver_requests_total", operation=operation, status=str(status))


def parts(server, what="successful") -> dict[str, float]:
    begin = f'quiver_reload_{what}{{part="'
    return {series[len(begin):-2]: value for series, value in scrape(server).items() if series.startswith(begin)}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus")
def test_prometheus_takes_it(quiver, cloud):
    server = cloud.start(quiver)
    server.client("consumer").get(ECHO)
    done = subprocess.run(["promtool", "check", "metrics"], input=server.ops.get("/metrics").text,
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_requests_by_operation_and_status(quiver, cloud):
    server = cloud.start(quiver)
    client, name = server.client("metrics-provider"), fresh("metrics")
    before = scrape(server)
    register(client, name)
    for _ in range(3):
        assert client.get(ECHO).status_code == 200
    assert client.get("/no/such/path").status_code == 404
    assert client.post(LOOKUP, content="{", headers={"content-type": "application/json"}).status_code == 400
    after = scrape(server)

    def grown(series):
        return after[series] - before[series]

    assert grown('quiver_requests_total{operation="monitor.echo",status="200"}') == 3
    assert grown('quiver_requests_total{operation="service.register",status="201"}') == 1
    assert grown('quiver_requests_total{operation="service.lookup",status="400"}') == 1
    assert grown('quiver_requests_total{operation="none",status="404"}') == 1
    assert grown('quiver_request_duration_seconds_count{operation="monitor.echo"}') == 3
    assert grown('quiver_request_duration_seconds_bucket{operation="monitor.echo",le="+Inf"}') == 3
    assert grown('quiver_request_duration_seconds_sum{operation="service.register"}') > 0
    assert grown("quiver_store_round_trip_seconds_count") >= 1
    assert grown("quiver_registry_revision") == 1
    assert grown('quiver_registry_entries{kind="instance"}') == 1
    assert grown('quiver_registry_bytes{kind="instance"}') > 100


def test_no_series_comes_from_a_client(quiver, cloud):
    server = cloud.start(quiver, listeners=[SECURE, listener(), PLAIN, OPS], env=key_environment(KEY))
    before = set(scrape(server))
    client = server.client("nobody-knows-this-name")
    for path in ("/nobody-knows-this-path", ECHO + "?nobody-knows=this", "/metrics"):
        client.request("BREW", path)
        client.get(path)
    register(client, "nobody-knows-this-service")
    Caller(server).registered("nobody-knows-this-id")
    assert Caller(server, "nobody-knows-this-key").ping("nobody-knows-this-id").status_code == 401
    assert Caller(server).get("nobody-knows-this-other-id").status_code == 404
    declared = server.client(None, listener="plain",
                             headers={"Authorization": "Bearer SYSTEM//nobody-knows-this-declared"})
    register(declared, "nobody-knows-this-either")
    stranger = authority(None, "nobody-knows-this-ca", "lo", length=0)
    assert server.alert(cloud.make("nobody-knows-this-stranger", stranger)) == "unknown_ca"
    assert set(scrape(server)) == before
    assert "nobody-knows" not in server.ops.get("/metrics").text


def test_connections_of_each_listener(quiver, cloud):
    server = cloud.start(quiver)
    assert metric(server, "quiver_connections", listener="secure") == 0
    client = server.client("consumer")
    client.get(ECHO)
    assert metric(server, "quiver_connections", listener="secure") == 1
    assert metric(server, "quiver_connections", listener="ops") >= 1  # ours
    client.close()
    wait_until(lambda: metric(server, "quiver_connections", listener="secure") == 0, "the end")


def expiries(server) -> dict[str, float]:
    """file -> when the first certificate in it ends."""
    begin = 'quiver_certificate_expiry_seconds{file="'
    return {series[len(begin):-2]: value for series, value in scrape(server).items() if series.startswith(begin)}


def test_the_end_of_each_ca(quiver, cloud):
    """One series a file, with the earliest end in it; it follows the configured files."""
    ends = {cn: cloud.new_authority(cn, days=days) for cn, days in (("soon", 3), ("later", 90), ("other", 50))}

    def end(cn):
        return x509.load_der_x509_certificate(ends[cn].der).not_valid_after_utc.timestamp()

    cloud.trust(cloud.authority, ends["later"], ends["soon"])
    other = write(cloud.folder / "other.crt", pem(ends["other"]))
    files = [str(cloud.trusted), str(other), str(cloud.trusted)]
    server = cloud.start(quiver, tls={"trust": files})
    found = expiries(server)
    assert set(found) == {server.config["tls"]["certificate"], *files}
    assert (found[files[0]], found[files[1]]) == (end("soon"), end("other"))
    cloud.trust(cloud.authority, ends["later"])
    reload(server)
    assert expiries(server)[files[0]] == end("later")


def crl_ends(server) -> dict[str, float]:
    """issuer -> when its CRL ends."""
    begin = 'quiver_crl_next_update_seconds{issuer="'
    return {series[len(begin):-2]: value for series, value in scrape(server).items() if series.startswith(begin)}


def test_dates_are_those_of_the_files(quiver, cloud):
    server = cloud.start(quiver)
    found = scrape(server)
    file = server.config["tls"]["certificate"]
    certificate = x509.load_pem_x509_certificate(open(file, "rb").read())
    expiry = certificate.not_valid_after_utc if hasattr(certificate, "not_valid_after_utc") \
        else certificate.not_valid_after.replace(tzinfo=datetime.UTC)
    assert found[f'quiver_certificate_expiry_seconds{{file="{file}"}}'] == expiry.timestamp()
    (issuer, ends), = crl_ends(server).items()
    assert "CN=testcloud.company" in issuer
    assert ends == x509.load_pem_x509_crl(cloud.crl.read_bytes()).next_update_utc.timestamp()
    assert abs(found["process_start_time_seconds"] - time.time()) < 120
    assert found["process_resident_memory_bytes"] > 1 << 20
    assert 5 < found["process_open_fds"] < found["process_max_fds"]


def test_of_two_crls_of_one_issuer_the_earliest(quiver, cloud):
    """As in a rotation: a second CA of the same name, whose CRL ends sooner, and sooner again."""
    other = cloud.new_authority()
    cloud.trust(cloud.authority, other)
    second = cloud.folder / "second.crl"
    crls = {"crl": [str(cloud.crl), str(second)]}

    def ends(file):
        return x509.load_pem_x509_crl(file.read_bytes()).next_update_utc.timestamp()

    write(second, make_crl(other, number=1, ends=forge.from_now(days=20)))
    server = cloud.start(quiver, tls=crls)
    assert list(crl_ends(server).values()) == [ends(second)]
    write(second, make_crl(other, number=2, ends=forge.from_now(days=90)))
    reload(server)
    assert list(crl_ends(server).values()) == [ends(cloud.crl)]


def test_the_process_tells_of_itself(quiver, cloud):
    """Version and processor time: that of the kernel, and rising."""
    server = cloud.start(quiver)
    shown = subprocess.run(quiver_command("--version"), capture_output=True, text=True, timeout=20, check=True).stdout
    builds = [series for series in scrape(server) if series.startswith("quiver_build_info")]
    assert builds == [f'quiver_build_info{{version="{shown.split()[1]}"}}']
    assert metric_of(server, builds[0]) == 1
    before, kernel = metric_of(server, "process_cpu_seconds_total"), processor_seconds(server.pid)
    assert abs(before - kernel) < 0.5
    wait_until(lambda: server.client("consumer").get(ECHO) and
               metric_of(server, "process_cpu_seconds_total") > before, "more processor time")


def test_chap_services_are_entries_of_a_kind(quiver):
    server = start_chap(quiver)
    caller, name = Caller(server), fresh_id()
    assert metric(server, "quiver_registry_entries", kind="chap") == 0
    caller.registered(name)
    caller.registered(fresh_id())
    assert metric(server, "quiver_registry_entries", kind="chap") == 2
    assert metric(server, "quiver_registry_bytes", kind="chap") > 100
    assert caller.delete(name).status_code == 204
    assert metric(server, "quiver_registry_entries", kind="chap") == 1


def test_reloads_part_by_part(quiver, cloud):
    """A faulty part is 0 until it is mended; the others stay 1; what was good last stays known."""
    server = cloud.start(quiver)
    assert parts(server) == dict.fromkeys(PARTS, 1)
    assert set(parts(server, "timestamp_seconds")) == set(parts(server, "success_timestamp_seconds")) == PARTS
    generation = metric_of(server, "quiver_trust_generation")
    file = server.config["tls"]["crl"][0]
    good = open(file, "rb").read()
    since = parts(server, "success_timestamp_seconds")["CAs and CRLs"]
    time.sleep(1.1)  # times are whole seconds
    with open(file, "wb") as crl:
        crl.write(b"no CRL at all\n")
    assert server.reload().returncode == 1
    assert {part for part, value in parts(server).items() if value == 0} == {"CAs and CRLs"}
    assert parts(server, "success_timestamp_seconds")["CAs and CRLs"] == since
    assert parts(server, "timestamp_seconds")["CAs and CRLs"] > since
    assert metric_of(server, "quiver_health_reasons") >= 1
    with open(file, "wb") as crl:
        crl.write(good)
    assert server.reload().returncode == 0
    assert set(parts(server).values()) == {1}
    assert parts(server, "success_timestamp_seconds")["CAs and CRLs"] > since
    assert metric_of(server, "quiver_trust_generation") > generation


def metric_of(server, name) -> float:
    """Of a metric without labels."""
    return scrape(server)[name]


def test_redis_comes_and_goes(quiver, redis_server):
    redis = redis_server()
    server = quiver.start(redis=redis, listeners=[SECURE, OPS])

    def standing():
        found = scrape(server)
        return [found[name] for name in ('quiver_store_link_up{link="commands"}',
                                         'quiver_store_link_up{link="journal"}', "quiver_store_writable")]

    wait_until(lambda: standing() == [1, 1, 1], "all is well")
    assert metric_of(server, "quiver_registry_loaded") == 1
    redis.stop()
    wait_until(lambda: standing() == [0, 0, 0], "Redis away")
    assert metric(server, "quiver_store_disconnects_total", link="commands") == 1
    assert server.client("consumer").post("/serviceregistry/service-discovery/register",
                                          json=registration(fresh("away"))).status_code == 503
    assert requests(server, "service.register", 503) == 1
    redis.start()
    wait_until(lambda: standing() == [1, 1, 1], "all is well again")
    assert metric_of(server, "quiver_journal_lag_entries") == 0


def test_how_far_the_view_is_behind(quiver, redis_server):
    """Redis takes changes, but does not hand out its journal."""
    redis = redis_server()
    server = quiver.start(redis=redis, listeners=[SECURE, OPS], store={"timeout": "500ms"})
    asked = redis.client()
    # Before it is forbidden: whoever is refused is away most of the time, and may never be seen.
    follower, = wait_until(lambda: [client["id"] for client in asked.client_list() if client["cmd"] == "xread"], "who follows the journal")
    asked.acl_setuser("default", enabled=True, nopass=True, commands=["-xread"])
    asked.client_kill_filter(_id=follower)
    client = server.client("consumer")
    for _ in range(2):
        answer = client.post("/serviceregistry/service-discovery/register", json=registration(fresh("behind")))
        assert answer.status_code == 503
        assert "did not come back through the journal" in answer.json()["errorMessage"]
    wait_until(lambda: metric_of(server, "quiver_journal_lag_entries") == 2, "the view being behind")
    asked.acl_setuser("default", enabled=True, nopass=True, commands=["+xread"])
    wait_until(lambda: metric_of(server, "quiver_journal_lag_entries") == 0, "the view being there")


def test_what_ended_by_time(quiver, cloud):
    server = cloud.start(quiver)
    assert metric_of(server, "quiver_leases_ended_total") == 0
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    register(server.client("metrics-provider"), fresh("ending"), expiresAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    wait_until(lambda: metric_of(server, "quiver_leases_ended_total") == 1, "its end")


@again_after_a_stall
def test_a_lease_that_ran_out_counts_once(quiver):
    """What the clock of the store only tidies up has not ended: a damaged key, an end of nothing."""
    server = start_chap(quiver, chap={"ttl": "1s"})
    redis, ends = redis_of(server), store_key(server.pki, "ends")
    redis.lpush(store_key(server.pki, "instance:damaged::x::1.0.0"), "no text")
    redis.zadd(ends, {"instance:damaged::x::1.0.0": 1, "instance:gone::x::1.0.0": 1, "nonsense": 1})
    wait_until(lambda: not redis.exists(ends), "what is due being looked at")
    caller, model = Caller(server), fresh_id()
    caller.registered(model)
    caller.wait_end(model)
    wait_until(lambda: metric_of(server, "quiver_leases_ended_total") > 0, "its end")
    assert metric_of(server, "quiver_leases_ended_total") == 1


def test_lines_of_the_audit_trail(quiver, cloud, tmp_path):
    server = cloud.start(quiver, audit={"file": str(tmp_path / "audit.log")})
    client, name = server.client("metrics-provider"), fresh("audited")
    answer = register(client, name)
    revoke(client, answer["instanceId"])
    assert metric_of(server, "quiver_audit_lines_written_total") == 2
    assert len((tmp_path / "audit.log").read_text().splitlines()) == 2
    assert metric_of(server, "quiver_audit_lines_lost_total") == 0


def test_limits(quiver, cloud):
    entries = [{"systems": ["press-*"], "requests": 1, "burst": 3}, {"systems": ["lathe"], "connections": 1},
               {"systems": ["mill"], "instances": 1}]
    server = cloud.start(quiver, limits={"identities": entries})
    press = server.client("press-7")
    refused = sum(press.get(ECHO).status_code == 429 for _ in range(20))
    assert refused >= 10
    assert metric(server, "quiver_limit_refusals_total", limit="requests") == refused
    assert requests(server, "none", 429) == refused
    first, second = server.client("lathe"), server.client("lathe")
    assert (first.get(ECHO).status_code, second.get(ECHO).status_code) == (200, 429)
    assert metric(server, "quiver_limit_refusals_total", limit="connections") == 1
    mill = server.client("mill")
    register(mill, fresh("milling"))
    answer = mill.post("/serviceregistry/service-discovery/register", json=registration(fresh("milling")))
    assert answer.status_code == 429
    assert metric(server, "quiver_limit_refusals_total", limit="instances") == 1


@pytest.mark.concurrent
def test_scraped_while_it_works(quiver, cloud):
    """Workers count, the store tells, a reload swaps the trust, and a scraper reads."""
    server = cloud.start(quiver)
    client = server.client("consumer")
    for turn in range(30):
        client.get(ECHO)
        if turn % 10 == 5:
            reload(server)
        scrape(server)
    assert requests(server, "monitor.echo", 200) == 30
