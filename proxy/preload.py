"""Imported before all else: has what follows imported without delay, and without what it would keep for nothing.

aiohttp reads the system's authorities when it is imported, for a client that Sidestep does not use: 50 ms and 1.9 MB, a
tenth of the time to start. `upstream.dial` reads them for itself, where there is TLS to speak. Should anything use
aiohttp's client for https all the same, it trusts nobody.

yarl remembers the last 128 targets of requests, of whatever size: 32 MB of what clients have sent. To make a `URL` of
one takes less than a microsecond.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PLACES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL looks for authorities, in place of the system's own (SSL_CTX_set_default_verify_paths(3))."""


@contextmanager
def _no_authorities() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in _PLACES}
    os.environ.update(dict.fromkeys(_PLACES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


gc.set_threshold(5_000, 10, 1_000)  # imports leave next to nothing in circles; to look for it takes 15 ms

with _no_authorities():
    import aiohttp  # noqa: F401 - for what importing it does
    import yarl._url

with suppress(AttributeError):  # of a yarl that does so no longer
    vars(yarl._url)["build_pre_encoded_url"] = yarl._url.build_pre_encoded_url.__wrapped__
