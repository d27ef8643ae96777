"""Parameters of the context `network`, in the order `get-config` lists them.

Names and defaults: the `get-config` lines measured on a real server 8.1.2.0 (info-protocol, Appendix B).
"""
# ruff: noqa: RUF009 - parameter() is dataclasses.field() with our metadata

from dataclasses import dataclass, field
from typing import NamedTuple

from asinfo.conf_grammar import number
from asinfo.terminal.options import PORT_MAX
from asudfd.config.parameter import INT_MAX, PLAIN_SECONDS, context, parameter
from asudfd.config.schema.address import KEYWORDS
from asudfd.config.schema.address import address as is_address

PORT_MIN = 1024


def _port_number(text: str) -> int:
    value = number(text, {})
    if value and not PORT_MIN <= value <= PORT_MAX:
        raise ValueError(f"must be from {PORT_MIN} to {PORT_MAX}, or 0, not {text}")
    return value


def _port(
    default: int,
    doc: str,
    *,
    effect: bool = False,
    shown: bool = True,
    own: bool = False,
    enterprise: bool = False,
) -> int:
    port: int = parameter(
        default,
        doc,
        high=PORT_MAX,
        effect=effect,
        shown=shown,
        own=own,
        enterprise=enterprise,
        read=None if own else _port_number,
    )
    return port


@dataclass(slots=True)
class NetworkServiceConfig:
    """The address and port for clients."""

    port: int = _port(3000, "Port of the service; 0 lets the system choose.", effect=True)
    address: str = parameter(
        "127.0.0.1",
        "Address to listen on; `any` is every address. The default is loopback, since nothing asks for a password.",
        effect=True,
        check=is_address,
    )
    access_port: int = _port(0, "Port that clients are told; 0 is the port itself.", effect=True)
    access_address: str = parameter(
        "", "Address that clients are told.", varies="the address", effect=True, check=is_address
    )
    alternate_access_port: int = _port(0, "Port that clients are told who ask for alternates.", effect=True)
    alternate_access_address: str = parameter(
        "",
        "Address that clients are told who ask for alternates.",
        effect=True,
        shown=False,
        check=is_address,
    )
    tls_port: int = _port(0, "Port of the service with TLS.", enterprise=True)
    tls_access_port: int = _port(0, "TLS port that clients are told.", enterprise=True)
    tls_alternate_access_port: int = _port(0, "TLS port for clients who ask for alternates.", enterprise=True)
    tls_name: str = parameter("", "TLS context of the service.", enterprise=True)
    disable_localhost: bool = parameter(False, "Do not listen on loopback besides the address.")
    tls_address: str = parameter(
        "", "Address of the service with TLS.", shown=False, check=is_address, enterprise=True
    )
    tls_access_address: str = parameter(
        "", "TLS address that clients are told.", shown=False, check=is_address, enterprise=True
    )
    tls_authenticate_client: str = parameter(
        "", "Which client certificates are accepted.", shown=False, enterprise=True
    )

    @property
    def listen_address(self) -> str:
        """The address as a socket takes it."""
        return KEYWORDS.get(self.address, self.address)


@dataclass(slots=True)
class AdminConfig:
    """The administrators' port."""

    port: int = _port(0, "Port for administrators; 0 is none.")
    address: str = parameter("any", "Address to listen on.", check=is_address)
    tls_port: int = _port(0, "Port for administrators with TLS.", enterprise=True)
    tls_name: str = parameter("", "TLS context of the port.", enterprise=True)
    disable_localhost: bool = parameter(False, "Do not listen on loopback besides the address.")


def mesh_seed(text: str) -> str:
    """``text``, if it is an address and a port from 1024 on. Raises ValueError."""
    host, _, port = text.partition(" ")
    port = port.partition(" ")[0]
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and PORT_MIN <= int(port) <= PORT_MAX):
        raise ValueError(f"must be an address and a port from {PORT_MIN} to {PORT_MAX}, not {text!r}")
    return f"{is_address(host)} {port}"


def _protocol_live(text: str) -> str:
    """The version of the protocol of heartbeats; `reset` begins anew with the common one. Raises ValueError."""
    if text not in {"v3", "none", "reset"}:
        raise ValueError(f"must be v3, none or reset, not {text!r}")
    return "v3" if text == "reset" else text


@dataclass(slots=True)
class HeartbeatConfig:
    """Parameters of the heartbeat, by which nodes of a real cluster find each other."""

    mode: str = parameter("mesh", "How heartbeats travel.", choices=("mesh", "multicast"))
    address: str = parameter("any", "Address for heartbeats.", check=is_address)
    port: int = _port(0, "Port for heartbeats; 0 is none.")
    tls_address: str = parameter(
        "", "Address for heartbeats with TLS.", shown=False, check=is_address, enterprise=True
    )
    tls_port: int = _port(0, "Port for heartbeats with TLS.", enterprise=True)
    tls_name: str = parameter("", "TLS context of heartbeats.", enterprise=True)
    interval: int = parameter(
        150, "Pause between heartbeats.", unit="milliseconds", low=50, high=600000, dynamic=True
    )
    timeout: int = parameter(10, "Missed heartbeats until a node counts as gone.", low=3, dynamic=True)
    connect_timeout_ms: int = parameter(
        500,
        "Time limit of a connect to another node.",
        unit="milliseconds",
        low=50,
        high=INT_MAX,
        dynamic=True,
    )
    mtu: int = parameter(65536, "Largest datagram.", unit="bytes", dynamic=True)
    protocol: str = parameter(
        "v3", "Version of the protocol.", choices=("v3", "none"), dynamic=True, live=_protocol_live
    )
    mesh_seed_address_port: tuple[str, ...] = parameter(
        (), "Address and port of a node to ask first; may repeat.", shown=False, check=mesh_seed
    )
    multicast_group: tuple[str, ...] = parameter((), "Multicast group of the heartbeats.", shown=False)
    multicast_ttl: int = parameter(0, "Hops of a multicast.", high=255, shown=False)

    def misfit(self) -> str:
        """What does not fit together, though each value is right by itself; empty if all does."""
        if 3 * self.connect_timeout_ms > self.interval * self.timeout:
            return "'connect-timeout-ms' is more than a third of 'interval' times 'timeout'"
        return ""


@dataclass(slots=True)
class FabricConfig:
    """Parameters of the fabric, on which nodes of a real cluster exchange data."""

    address: str = parameter("any", "Address for the fabric.", check=is_address)
    tls_address: str = parameter(
        "", "Address of the fabric with TLS.", shown=False, check=is_address, enterprise=True
    )
    tls_port: int = _port(0, "Port of the fabric with TLS.", enterprise=True)
    tls_name: str = parameter("", "TLS context of the fabric.", enterprise=True)
    channel_bulk_fds: int = parameter(2, "Connections for bulk data to each node.", low=1, high=128)
    channel_bulk_recv_threads: int = parameter(4, "Receivers of bulk data.", low=1, high=128, dynamic=True)
    channel_ctrl_fds: int = parameter(1, "Connections for control to each node.", low=1, high=128)
    channel_ctrl_recv_threads: int = parameter(4, "Receivers of control.", low=1, high=128, dynamic=True)
    channel_meta_fds: int = parameter(1, "Connections for metadata to each node.", low=1, high=128)
    channel_meta_recv_threads: int = parameter(4, "Receivers of metadata.", low=1, high=128, dynamic=True)
    channel_rw_fds: int = parameter(8, "Connections for records to each node.", low=1, high=128)
    channel_rw_recv_pools: int = parameter(1, "Pools of receivers of records.", low=1, high=16)
    channel_rw_recv_threads: int = parameter(16, "Receivers of records.", low=1, high=128, dynamic=True)
    keepalive_enabled: bool = parameter(True, "Keep idle connections alive.")
    keepalive_intvl: int = parameter(1, "Pause between keep-alives.", unit=PLAIN_SECONDS)
    keepalive_probes: int = parameter(10, "Lost keep-alives until a connection is dead.")
    keepalive_time: int = parameter(1, "Idle time before the first keep-alive.", unit=PLAIN_SECONDS)
    latency_max_ms: int = parameter(5, "Expected delay between nodes.", unit="milliseconds", high=1000)
    port: int = _port(0, "Port of the fabric; 0 is none.")
    recv_rearm_threshold: int = parameter(
        1024, "Bytes received before a receiver is armed again.", unit="bytes", high=1 << 20, dynamic=True
    )
    send_threads: int = parameter(8, "Threads that send.", low=1, high=128)

    def misfit(self) -> str:
        """What does not fit together, though each value is right by itself; empty if all does."""
        if self.channel_rw_recv_threads % self.channel_rw_recv_pools:
            return "'channel-rw-recv-threads' is no multiple of 'channel-rw-recv-pools'"
        return ""


@dataclass(slots=True)
class HttpConfig:
    """The HTTP port for supervisors and Prometheus; asudfd only."""

    address: str = parameter(
        "127.0.0.1",
        "Address to listen on; `any` is every address. Nothing there asks for a password.",
        effect=True,
        own=True,
        check=is_address,
    )
    port: int = _port(
        0,
        "Port of /healthz, /readyz and /metrics, for all nodes of the process; 0 is none.",
        effect=True,
        own=True,
    )

    @property
    def listen_address(self) -> str:
        """The address as a socket takes it."""
        return KEYWORDS.get(self.address, self.address)


NO_PORT = -1
"""Where 0 lets the system choose one."""


class RespPorts(NamedTuple):
    """The ports of one node for Valkey's protocol: plain and over TLS. 0 lets the system choose, NO_PORT is none."""

    plain: int
    tls: int = NO_PORT


def _optional_port(doc: str) -> int:
    port: int = parameter(NO_PORT, doc, low=NO_PORT, high=PORT_MAX, effect=True, own=True)
    return port


@dataclass(slots=True)
class RespConfig:
    """The ports for Valkey's protocol; asudfd only."""

    address: str = parameter(
        "127.0.0.1",
        "Address to listen on; `any` is every address. The default is loopback, since nothing asks for a password.",
        effect=True,
        own=True,
        check=is_address,
    )
    port: int = _optional_port(
        "Port of RESP, the protocol of Valkey, of the first node; the others count on. 0 lets the system choose, -1 is "
        "none."
    )
    tls_port: int = _optional_port(
        "Port of RESP over TLS of the first node; the others count on. 0 lets the system choose, -1 is none."
    )
    tls_name: str = parameter(
        "", "Name of the context `tls` with the certificate for tls-port.", effect=True, own=True
    )
    tls_auth_clients: str = parameter(
        "yes",
        "Whether clients of tls-port need a certificate of one of the authorities in ca-file. Optional: if they show one.",
        effect=True,
        own=True,
        choices=("yes", "no", "optional"),
    )

    @property
    def is_asked_for(self) -> bool:
        """Whether the file asks for a port."""
        return self.port != NO_PORT or self.tls_port != NO_PORT

    @property
    def listen_address(self) -> str:
        """The address as a socket takes it."""
        return KEYWORDS.get(self.address, self.address)


def _file(doc: str) -> str:
    path: str = parameter("", doc, effect=True, own=True)
    return path


@dataclass(slots=True)
class TlsConfig:
    """A certificate for the TLS of `network / resp`; for anything else a context `tls` is the Enterprise Edition's."""

    cert_file: str = _file("File of the certificate and its chain, in PEM form.")
    key_file: str = _file("File of its private key, in PEM form and not encrypted.")
    ca_file: str = _file("File of the authorities whose certificates clients may have, in PEM form.")


@dataclass(slots=True)
class NetworkConfig:
    """All ports of the node. ``tls`` is the context of that name that `resp` names; no other is accepted."""

    service: NetworkServiceConfig = context(NetworkServiceConfig, "Where clients connect.")
    admin: AdminConfig = context(AdminConfig, "The administrators' port.")
    heartbeat: HeartbeatConfig = context(HeartbeatConfig, "How nodes of a real cluster find each other.")
    fabric: FabricConfig = context(FabricConfig, "How nodes of a real cluster exchange data.")
    http: HttpConfig = context(HttpConfig, "Where supervisors and Prometheus look.")
    resp: RespConfig = context(RespConfig, "Where clients of Valkey connect.")
    tls: TlsConfig = field(default_factory=TlsConfig)
