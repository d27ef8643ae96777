"""Which parameters differ by design."""

from asadm.configuration.parameters import NodeParameter, by_design, ignored
from asadm.configuration.secret_names import secret
from tests.each import for_each


@for_each(
    [
        "service|node-id",
        "service|pidfile",
        "service|work-directory",
        "network|service.address",
        "network|service.port",
        "network|service.access-address",
        "network|heartbeat.mesh-seed-address-port",
        "network|fabric.tls-port",
        "network|http.port",
        "namespace test|rack-id",
        "namespace test|storage-engine.stripe[7]",
        "logging 0|file",
        "mod-lua|user-path",
    ]
)
def test_it_differs_by_design(text: str) -> None:
    assert by_design(NodeParameter(*text.split("|")))


@for_each(
    [
        "service|cluster-name",
        "service|proto-fd-max",
        "network|heartbeat.interval",
        "network|heartbeat.multicast-group",
        "namespace test|active-rack",
        "namespace test|storage-engine.device[0]",
        "service|rack-id",
        "logging 0|udf",
    ]
)
def test_it_is_compared(text: str) -> None:
    assert not by_design(NodeParameter(*text.split("|")))


def test_patterns_are_of_the_name_or_of_the_context_and_the_name() -> None:
    parameter = NodeParameter("namespace test", "default-ttl")
    assert ignored(parameter, ["default-ttl"])
    assert ignored(parameter, ["x", "namespace * default-ttl"])
    assert not ignored(parameter, ["default", "service default-ttl"])


def test_secrets_are_values_and_not_their_places() -> None:
    assert secret("tls[0].key-file-password")
    assert secret("password")
    for name in ("vault-token-file", "smd.password-file", "secrets-address-port", "secrets-uds-path", "port"):
        assert not secret(name)
