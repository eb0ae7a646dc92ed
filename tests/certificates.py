"""Certificates of the tests' own, made with the openssl command."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that signs itself; `file` is what a client that trusts it is given."""

    file: Path
    key: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context


def certificate(folder: Path, name: str, *, alternative: str) -> Certificate:
    """One that is valid for a day, for the subject `alternative`, such as "IP:127.0.0.1"."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyCertSign"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    command += ["-days", "1", "-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.file)]
    for extension in [f"subjectAltName={alternative}", *extensions]:
        command += ["-addext", extension]
    subprocess.run(command, check=True, capture_output=True)
    return made
