"""The option rows that every tool shares: where nodes are, who logs in, TLS, and which configuration files count."""

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
           help="Where nodes listen; write IPv6 as [v6]:port. [127.0.0.1]"),
    Option("port", "p", "port", panel=_NODES, help="Port of hosts that name none. [3000]"),
    Option("user", "U", metavar="NAME", panel=_LOGIN, help="Log in as NAME."),
    Option("password", "P", "optional", metavar="SECRET", panel=_LOGIN,
           help="env:VARIABLE, file:PATH or the password itself; asked for when left out."),
    Option("auth", kind="choice", choices=MODES, metavar="MODE", panel=_LOGIN,
           help="INTERNAL, EXTERNAL, EXTERNAL_INSECURE or PKI. [INTERNAL]"),
    Option("tls-enable", kind="flag", panel=_TLS, help="Speak TLS."),
    Option("tls-name", "t", metavar="NAME", panel=_TLS, help="Name that the certificates must carry. [the host]"),
    Option("tls-cafile", metavar="PATH", panel=_TLS, help="Authorities to trust. [those of the system]"),
    Option("tls-capath", metavar="PATH", panel=_TLS, help="Directory of authorities to trust."),
    Option("tls-protocols", metavar="LIST", panel=_TLS, help="As Apache's SSLProtocol. [+TLSv1.2 +TLSv1.3]"),
    Option("tls-cipher-suite", metavar="LIST", panel=_TLS, help="Ciphers to offer, as OpenSSL writes them."),
    Option("tls-keyfile", metavar="PATH", panel=_TLS, help="Private key of the own certificate."),
    Option("tls-keyfile-password", kind="optional", metavar="SECRET", panel=_TLS, help="As --password."),
    Option("tls-certfile", metavar="PATH", panel=_TLS, help="Own certificate, and its chain."),
    Option("tls-crl-check", kind="flag", panel=_TLS, help="Refuse a revoked certificate."),
    Option("tls-crl-check-all", kind="flag", panel=_TLS, help="The same for the whole chain."),
)  # fmt: skip
"""Rows that say how to reach nodes; each is also a key of the file's [cluster] section."""

ALTERNATE = Option(
    "services-alternate", "a", "flag", panel=_NODES,
    help="With --discover: the peers' alternate addresses, for clients outside of their network.",
)  # fmt: skip
"""Also a key of [cluster], which asinfo reads too: it asks only nodes that are named, and has no use for it."""

BLACKLIST = Option(
    "tls-cert-blacklist", metavar="PATH",
    refused="nothing obeys it any more, and it would protect nobody; use tls-crl-check",
)  # fmt: skip
"""A word of older tools, still in the file that the vendor ships."""

FILES = (
    Option("config-file", metavar="PATH", panel=_FILES, help="Read PATH after the default files."),
    Option("only-config-file", metavar="PATH", panel=_FILES, help="Read PATH and no other."),
    Option("no-config-file", kind="flag", panel=_FILES, help="Read no file."),
    Option("instance", metavar="NAME", panel=_FILES, help="Read [cluster_NAME] in place of [cluster]."),
)
