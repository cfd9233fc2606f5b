import os, signal, ssl, pytest
from harness.bodies import *
def test_basic(quiver, pki):
    s = quiver.start(plain=False)
    c = s.client("temperature-provider2")
    r = c.post(REGISTER, json=registration()); assert r.status_code == 201, r.text
    assert s.client("consumer", tls="1.2").post(LOOKUP, json={}).json()["count"] == 1
    assert s.ops.get("/health/ready").json()["status"] == "ready"
    assert s.redis().ping()
    assert s.redis_pid != s.pid
    assert s.raw(b"GET /serviceregistry/monitor/echo HTTP/1.1\r\nHost: x\r\n\r\n").body == b"Got it!"
    assert s.curl(ECHO).stdout == "Got it!"
    assert s.alert("consumer") is None
    assert s.alert(None) == "certificate_required"
    assert s.alert(None, tls="1.2") == "handshake_failure"
    bad = pki.craft("evil", issuer="self")
    assert s.alert(bad) == "unknown_ca"
    exp = pki.craft("late", not_after=__import__("datetime").datetime(2025,1,1,tzinfo=__import__("datetime").timezone.utc), not_before=__import__("datetime").datetime(2024,1,1,tzinfo=__import__("datetime").timezone.utc))
    assert s.alert(exp) == "certificate_expired"
    ports = s.listeners
    s.restart()
    assert s.listeners == ports
    assert s.client("consumer").post(LOOKUP, json={}).json()["count"] == 1
    assert s.resident_kib > 100
def test_redis(redis_server, free_port, slow_disk):
    import time
    r = redis_server(port=free_port(), env={**os.environ, **slow_disk(30)})
    t=time.time(); r.client().set("a", "1"); assert time.time()-t > .025
    r.suspend(); 
    with pytest.raises(Exception): r.client(socket_timeout=.2).ping()
    r.resume(); r.kill(); r.start(); assert r.client().get("a") == "1"; r.restart()
def test_clock(quiver):
    import time, datetime
    for mode in ("all", "quiver"):
        s = quiver.start(clock=mode)
        s.set_clock(datetime.timedelta(days=2))
        t = s.redis().time()[0] - time.time()
        assert abs(t - (172800 if mode == "all" else 0)) < 2
        if mode=="all": s.set_clock(-3600); assert abs(s.redis().time()[0] - time.time()+3600)<2
def test_refused(quiver):
    f = quiver.refused(store={"data_directory": "/proc/x"})
    assert f.status == 1
