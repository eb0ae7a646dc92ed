"""What a reply's body can be packed in, by `Content-Encoding`."""

import gzip
import zlib
from collections.abc import Callable

import brotli
import zstandard

PACKING: dict[str, Callable[[bytes], bytes]] = {
    "identity": lambda body: body,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda body: brotli.compress(gzip.compress(body)),
}
