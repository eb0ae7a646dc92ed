"""Whether a host is this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL, a header or a socket names it without brackets and port, is this machine.

    So is an IPv4 address within IPv6, as a socket for both has it; `ipaddress` says so only since Python 3.13.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
