"""Certificates for loopback, made by the `openssl` command."""

import ssl
import subprocess
from pathlib import Path


def certificate(folder: Path, names: str = "DNS:localhost,IP:127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for `names`, and what an upstream needs to show it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=test"]
    subprocess.run([*command, "-addext", f"subjectAltName={names}"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return cert, context
