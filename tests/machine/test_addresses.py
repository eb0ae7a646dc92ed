from proxy.machine.addresses import is_loopback
from tests.cases import every


@every(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("::1%lo", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.7", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.7", False),
        ("128.0.0.1", False),
        ("127.1", False),
        ("127.0.0.1%lo", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("[::1]", False),
        ("", False),
    ],
)
def test_names_and_addresses_of_this_machine_are_known_and_no_others(host: str, here: bool) -> None:
    assert is_loopback(host) is here
