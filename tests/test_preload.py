"""What is left out at start, and is there all the same for whoever asks for it."""

import os
import subprocess
import sys

import pytest

ON_DEMAND = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
import proxy.program
import mimetypes
assert opened and not [name for name in opened if "mime.types" in name]
assert mimetypes.guess_type("a.html") == ("text/html", None)
assert not {"aiohttp.client", "aiohttp.connector"} & {*sys.modules}
import aiohttp
from importlib.metadata import version
from aiohttp import web
assert web.Application
assert aiohttp.__version__ == version("aiohttp")
assert not hasattr(aiohttp, "__all_that_there_is__")
assert "aiohttp.client" not in sys.modules
assert not hasattr(aiohttp, "nothing_of_it")
from aiohttp import ClientSession
assert aiohttp.client.ClientSession is ClientSession
assert aiohttp.web is web
from aiohttp.connector import _SSL_CONTEXT_VERIFIED
from ssl import CERT_REQUIRED
assert _SSL_CONTEXT_VERIFIED.verify_mode is CERT_REQUIRED
import ssl
from proxy.upstream.dial import tls_context
assert tls_context("").cert_store_stats() == ssl.create_default_context().cert_store_stats()
assert tls_context("").verify_mode is ssl.CERT_REQUIRED
assert tls_context("").check_hostname
import proxy.commands.demo
assert "prometheus_client" not in sys.modules, "it is for the first scrape"
"""

COLLECTION = """
import gc
from proxy.__main__ import main
before = gc.get_stats()[0]["collections"]
try:
    main(["--help"])
except SystemExit:
    pass
assert gc.get_stats()[0]["collections"] - before < 20, "hundreds, were it enabled while modules are imported"
assert gc.isenabled()
assert gc.get_freeze_count() > 20_000
"""


@pytest.mark.parametrize("program", [ON_DEMAND, COLLECTION])
def test_what_is_left_out_at_start_is_there_when_it_is_asked_for(program: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SSL_")}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
