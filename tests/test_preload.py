"""What is left out at start: the authorities of a client that is not used; those of the upstream are read."""

import os
import subprocess
import sys

PROGRAM = """
import os
os.environ["SSL_CERT_DIR"] = "/kept"
import proxy.preload
import ssl
from aiohttp.connector import _SSL_CONTEXT_VERIFIED
from proxy.upstream.dial import tls_context
assert _SSL_CONTEXT_VERIFIED.cert_store_stats()["x509"] == 0
assert _SSL_CONTEXT_VERIFIED.verify_mode is ssl.CERT_REQUIRED
assert os.environ["SSL_CERT_DIR"] == "/kept"
assert "SSL_CERT_FILE" not in os.environ
del os.environ["SSL_CERT_DIR"]
assert tls_context("").cert_store_stats() == ssl.create_default_context().cert_store_stats()
assert tls_context("").verify_mode is ssl.CERT_REQUIRED
assert tls_context("").check_hostname
"""


def test_the_client_that_is_not_used_trusts_nobody_and_the_upstreams_verifies() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SSL_")}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
