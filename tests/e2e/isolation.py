"""A network of its own: loopback and nothing else, so that no client can reach anything but the proxy."""

import fcntl
import os
import shutil
import socket
import struct
import sys

_FLAG = "SIDESTEP_E2E_ISOLATED"
_IFF_UP = 0x1
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914


def isolated() -> bool:
    return os.environ.get(_FLAG) == "1"


def restart_isolated(arguments: list[str], program: str = "tests.e2e") -> None:
    """Run this program again inside a network namespace; raises SystemExit with the reason where that cannot be."""
    unshare = shutil.which("unshare")
    if sys.platform != "linux" or unshare is None:
        raise SystemExit("e2e: clients run offline in a network namespace, which needs Linux and unshare (util-linux)")
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = [unshare, *user, "--net", sys.executable, "-m", program, *arguments]
    os.execve(unshare, command, {**os.environ, _FLAG: "1"})


def raise_loopback() -> None:
    """Switch the namespace's `lo` on (netdevice(7)); it is born switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
