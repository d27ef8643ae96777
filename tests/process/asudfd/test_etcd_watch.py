"""The watch of etcd: streams that go silent, users and tokens, TLS, pages, and what stands there that is not ours."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from asudfd.errors import StartError
from asudfd.smd.etcd.gateway import Gateway, Tls
from asudfd.smd.etcd.store import EtcdSmd
from asudfd.smd.etcd.wire import EtcdUnreachable
from asudfd.smd.interface import UDF, SmdFailed, SmdTimeout
from tests import etcd
from tests.fakes.gateway import wire
from tests.fakes.metadata import Node, nodes, run, until


async def is_refused(node: Node, key: str, value: str) -> bool:
    try:
        await node.put(key, value)
    except (SmdTimeout, SmdFailed):
        await asyncio.sleep(0.05)
        return True
    return False


def test_a_stream_that_goes_silent_is_found_out(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with (
            nodes(server.endpoints, "silent", "A1") as (one,),
            wire(server.members[0].port) as line,
            nodes([line.url], "silent", "A2", ttl=60) as (two,),
        ):
            await one.put("a.lua", "1")
            line.cut()
            async with asyncio.timeout(60):  # generous: the machine may be busy
                while await is_refused(one, "b.lua", "1"):
                    pass
            # Long before the lease of the other ends: it is a member still.
            assert two.items() == one.items()
            assert two.members[-1] == ["A1", "A2"]
            line.cut()
            # No change of a module tells of this one.
            await one.smd.lease.drop([one.smd.cache.root + b"nodes/A1"])
            await until(lambda: two.members[-1] == ["A2"])

    run(scenario())


def test_events_that_come_twice_do_no_harm(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "repeated", "A1") as (node,):
            for number in range(5):
                await node.put("a.lua", str(number))
            calls = len(node.calls)
            node.smd.cache.refresh()
            await node.put("b.lua", "1")
            assert len(node.calls) == calls + 1
            assert node.items() == [("a.lua", "4", 5), ("b.lua", "1", 1)]

    run(scenario())


def test_a_read_goes_in_pages_and_keeps_the_order(server: etcd.Etcd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asudfd.smd.etcd.key_pages.PAGE_BYTES", 2000)
    monkeypatch.setattr("asudfd.smd.etcd.endpoint_reply.REPLY_SIZE_MAX", 20_000)

    async def scenario() -> None:
        async with nodes(server.endpoints, "pages", "A1") as (one,):
            keys = [f"{number * 7 % 100:03}.lua" for number in range(100)]
            for key in keys:
                await one.put(key, "x" * (9000 if key == "050.lua" else 100))
            async with nodes(server.endpoints, "pages", "A2") as (two,):
                assert [key for key, *_ in two.items()] == keys
                assert two.smd.items(UDF) == one.smd.items(UDF)

    run(scenario())


def test_what_others_wrote_under_the_prefix_does_no_harm(server: etcd.Etcd) -> None:
    async def scenario() -> None:
        async with nodes(server.endpoints, "others", "A1") as (node,):
            for key, value in (
                ("smd/UDF/a.lua", "by hand"),
                ("smd/none/x", "1"),
                ("smd/x", "1"),
                ("time/UDF/a.lua", "soon"),
                ("nodes/A2", "no address"),
                ("nodes/xyz", '{"host": "127.0.0.1", "port": 1}'),
                ("nodes/A3", '{"host": "127.0.0.1", "port": 70000}'),
                ("whatever", "1"),
            ):
                server.ctl("put", f"/asudf/others/{key}", value)
            server.ctl("put", "/asudf/others/smd/UDF/b.lua", stdin=b"\xff\xfe")
            await node.put("c.lua", "1")
            assert [(key, value) for key, value, _ in node.items()] == [
                ("a.lua", "by hand"),
                ("b.lua", "\udcff\udcfe"),
                ("c.lua", "1"),
            ]
            assert node.smd.items(UDF)[0].timestamp == 0
            assert node.members[-1] == ["A1"]
            server.ctl("del", "--prefix", "/asudf/others/smd/")
            await until(lambda: node.items() == [])
            await node.put("c.lua", "2")
            assert node.items() == [("c.lua", "2", 1)]

    run(scenario())


def test_users_and_tokens(tmp_path: Path) -> None:
    async def scenario(server: etcd.Etcd) -> None:
        server.ctl("user", "add", "root:secret")
        server.ctl("user", "grant-role", "root", "root")
        server.ctl("user", "add", "node:pass")
        server.ctl("role", "add", "asudf")
        server.ctl("role", "grant-permission", "asudf", "readwrite", "/asudf/c/", "/asudf/c0")
        server.ctl("user", "grant-role", "node", "asudf")
        server.ctl("auth", "enable")
        for user, password in (("", ""), ("node", "wrong")):
            gateway = Gateway(server.endpoints, user=user, password=password)
            smd = EtcdSmd(gateway, "/asudf", "c", ["A1"])
            with pytest.raises(StartError, match="does not let this node in"):
                await smd.start()
            await smd.stop()
        gateway = Gateway(server.endpoints, user="node", password="pass")
        smd = EtcdSmd(gateway, "/asudf", "c", ["A1"])
        smd.subscribe(UDF, lambda _: None)
        await smd.start()
        await smd.set(UDF, "a.lua", "1")
        server.kill()  # its tokens are forgotten
        await asyncio.to_thread(server.start)
        await until(lambda: smd.connected)
        async with asyncio.timeout(10):
            while True:
                try:
                    await smd.set(UDF, "a.lua", "2")
                except (SmdFailed, SmdTimeout):
                    await asyncio.sleep(0.05)
                else:
                    break
        await smd.stop()

    with etcd.running(tmp_path) as server:
        run(scenario(server))


def make_certificates(directory: Path) -> None:
    """An authority, and certificates for a server and a client of it."""

    def openssl(*words: str) -> None:
        subprocess.run(("openssl", *words), cwd=directory, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(
        "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "2"
    )
    (directory / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", "/O=asudf")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes certificates with openssl")
def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    options = [f"--cert-file={tmp_path / 'server.pem'}", f"--key-file={tmp_path / 'server.key'}"]
    options += [f"--trusted-ca-file={tmp_path / 'ca.pem'}", "--client-cert-auth"]
    ca, certificate, key = (str(tmp_path / name) for name in ("ca.pem", "client.pem", "client.key"))

    async def scenario(server: etcd.Etcd) -> None:
        secure = [member.secure for member in server.members]
        gateway = Gateway(secure, tls=Tls(ca, certificate, key))
        found = await gateway.range(b"a", b"b", seconds=5)
        assert found.revision > 0
        await gateway.close()
        for tls in (Tls(), Tls(ca)):
            gateway = Gateway(secure, tls=tls)
            with pytest.raises(EtcdUnreachable):
                await gateway.range(b"a", b"b", seconds=5)
            await gateway.close()

    with etcd.running(tmp_path, secure=options) as server:
        run(scenario(server))
