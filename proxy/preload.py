"""Imported before all else, so that the other imports are fast, and keep no memory for nothing.

aiohttp's package imports its client, which Sidestep does not use: 17 ms and 2.3 MB, and with the system's authorities,
which that reads at once, 65 ms and 4 MB. So the package is there without what it would import, until somebody asks it
for more than its modules; then it is whole.

mimetypes reads the system's table, where there is one, for the files that aiohttp could serve: 0.4 MB.

html knows 2,231 names of characters, which only its `unescape` looks up: 0.3 MB. Nothing here calls that.

yarl remembers the last 128 targets of requests, of whatever size: 32 MB of what clients have sent. To make a `URL` of
one takes less than a microsecond.
"""

import html.entities
import mimetypes
import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec
from typing import Any


def _import_without_client() -> None:
    spec = find_spec("aiohttp")
    if "aiohttp" in sys.modules or spec is None or spec.loader is None:
        return
    package, loader = module_from_spec(spec), spec.loader

    def whole(name: str) -> Any:
        if name.startswith("__") or find_spec(f"aiohttp.{name}"):  # a module of it is imported by itself
            raise AttributeError(name)
        del vars(package)["__getattr__"]
        loader.exec_module(package)
        return getattr(package, name)

    vars(package).update(__version__=version("aiohttp"), __getattr__=whole)  # PEP 562
    sys.modules["aiohttp"] = package


_import_without_client()
mimetypes.knownfiles.clear()
html.entities.html5.clear()

with suppress(AttributeError):  # a later yarl may not have it
    import yarl._url

    vars(yarl._url)["build_pre_encoded_url"] = yarl._url.build_pre_encoded_url.__wrapped__
