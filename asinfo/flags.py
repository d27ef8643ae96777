"""The options that all tools share: addresses of nodes, login, TLS, and configuration files."""

from __future__ import annotations

from asinfo.terminal.options import Option

MODES = ("INTERNAL", "EXTERNAL", "EXTERNAL_INSECURE", "PKI")
"""Ways to log in, as the real tools name them."""

_NODES = "Nodes"
_LOGIN = "Login"
_TLS = "TLS"
_FILES = "Configuration files"

CONNECTION = (
    Option("host", "h", "list", metavar="HOST[:TLSNAME][:PORT],...", panel=_NODES,
           help="Addresses of the nodes; IPv6 as [v6]:port. [127.0.0.1]"),
    Option("port", "p", "port", panel=_NODES, help="Port of hosts without one. [3000]"),
    Option("user", "U", metavar="NAME", panel=_LOGIN, help="Log in as NAME."),
    Option("password", "P", "optional", metavar="SECRET", panel=_LOGIN,
           help="env:VARIABLE, file:PATH or the password itself; without a value: prompt."),
    Option("auth", kind="choice", choices=MODES, metavar="MODE", panel=_LOGIN,
           help="Authentication: INTERNAL, EXTERNAL, EXTERNAL_INSECURE or PKI. [INTERNAL]"),
    Option("tls-enable", kind="flag", panel=_TLS, help="Use TLS."),
    Option("tls-name", "t", metavar="NAME", panel=_TLS, help="Name that the server certificate must have. [the host]"),
    Option("tls-cafile", metavar="PATH", panel=_TLS, help="File of trusted CA certificates. [those of the system]"),
    Option("tls-capath", metavar="PATH", panel=_TLS, help="Directory of trusted CA certificates."),
    Option("tls-protocols", metavar="LIST", panel=_TLS, help="TLS versions, in the form of Apache's SSLProtocol. [+TLSv1.2 +TLSv1.3]"),
    Option("tls-cipher-suite", metavar="LIST", panel=_TLS, help="Ciphers to offer, in OpenSSL's format."),
    Option("tls-keyfile", metavar="PATH", panel=_TLS, help="Private key of the client certificate."),
    Option("tls-keyfile-password", kind="optional", metavar="SECRET", panel=_TLS, help="Password of the private key, given as for --password."),
    Option("tls-certfile", metavar="PATH", panel=_TLS, help="Client certificate and its chain."),
    Option("tls-crl-check", kind="flag", panel=_TLS, help="Refuse a revoked server certificate."),
    Option("tls-crl-check-all", kind="flag", panel=_TLS, help="Refuse a revoked certificate anywhere in the chain."),
)  # fmt: skip
"""Options for the connection to nodes. Each is also a key of the section [cluster] of astools.conf."""

ALTERNATE = Option(
    "services-alternate", "a", "flag", panel=_NODES,
    help="With --discover: use the peers' alternate addresses, for clients outside their network.",
)  # fmt: skip
"""Also a key of [cluster]. asinfo accepts and ignores it, since it asks only nodes that are named."""

BLACKLIST = Option(
    "tls-cert-blacklist", metavar="PATH",
    refused="nothing obeys it any more, and it would protect nobody; use tls-crl-check",
)  # fmt: skip
"""An option of older tools, which the vendor's configuration file still has."""

FILES = (
    Option(
        "config-file",
        metavar="PATH",
        panel=_FILES,
        help="Read PATH after the default files; its settings override theirs.",
    ),
    Option("only-config-file", metavar="PATH", panel=_FILES, help="Read only PATH."),
    Option("no-config-file", kind="flag", panel=_FILES, help="Read no configuration file."),
    Option(
        "instance", metavar="NAME", panel=_FILES, help="Read section [cluster_NAME] instead of [cluster]."
    ),
)
