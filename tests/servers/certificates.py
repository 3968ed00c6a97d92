"""A certificate authority of the tests' own, a server certificate for 127.0.0.1, and those of clients; by openssl."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_EXTENSIONS = """\
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage={usage}
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


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
    _openssl(
        *("req", "-x509", *_NEW_KEY, "-days", "1", "-subj", "/CN=Test authority"),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", str(ca_key), "-out", str(ca_file)),
    )
    extensions = _EXTENSIONS.format(usage="serverAuth") + f"subjectAltName={names}\n"
    return Certificates(ca_file, *_signed(ca_file, folder / "server", "/CN=127.0.0.1", extensions))


def make_client_certificate(authority: Certificates, name: Path, subject: str) -> Certificates:
    """Make a certificate for a client, signed by an authority that `make_certificates` made.

    `name` is the path of the files without their ending; `subject` is in openssl's words, like `/O=x/CN=y`.
    """
    extensions = _EXTENSIONS.format(usage="clientAuth")
    return Certificates(authority.ca_file, *_signed(authority.ca_file, name, subject, extensions))


def _signed(ca_file: Path, name: Path, subject: str, extensions: str) -> tuple[Path, Path]:
    """Make a key and a certificate valid for a day; return the files of certificate and key."""
    certificate, key, request, wanted = (name.with_suffix(f".{each}") for each in ("pem", "key", "csr", "ext"))
    wanted.write_text(extensions)
    _openssl("req", *_NEW_KEY, "-subj", subject, "-keyout", str(key), "-out", str(request))
    _openssl(
        *("x509", "-req", "-in", str(request), "-days", "1", "-CA", str(ca_file), "-CAkey"),
        *(str(ca_file.with_suffix(".key")), "-CAcreateserial", "-extfile", str(wanted), "-out", str(certificate)),
    )
    key.chmod(0o600)
    return certificate, key


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
