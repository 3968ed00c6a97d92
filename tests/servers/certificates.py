"""A certificate authority of the tests' own, and a server certificate for 127.0.0.1, made with openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName={names}
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files of an authority and of a server that it vouches for."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


def make_certificates(folder: Path, names: str = "IP:127.0.0.1,DNS:localhost") -> Certificates:
    """Make an authority and a server certificate valid for a day.

    `names` is a subjectAltName in openssl's words. Clients written in C put the machine's host name in the place
    of `localhost`, so tests connect to 127.0.0.1 and the certificate has an IP name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca_file, ca_key = folder / "ca.pem", folder / "ca.key"
    certificate, key, request = folder / "server.pem", folder / "server.key", folder / "server.csr"
    extensions = folder / "server.ext"
    extensions.write_text(_EXTENSIONS.format(names=names))
    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(
        *("req", "-x509", *new_key, "-days", "1", "-subj", "/CN=Test authority"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", str(ca_key), "-out", str(ca_file)),
    )
    _openssl("req", *new_key, "-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(request))
    _openssl(
        *("x509", "-req", "-in", str(request), "-days", "1", "-CA", str(ca_file), "-CAkey", str(ca_key)),
        *("-CAcreateserial", "-extfile", str(extensions), "-out", str(certificate)),
    )
    key.chmod(0o600)
    return Certificates(ca_file, certificate, key)


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
