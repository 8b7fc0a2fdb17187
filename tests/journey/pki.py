"""A certificate authority in a folder, with the certificates of a stage."""

import ssl
from pathlib import Path
from urllib.parse import quote

from scene import PLATFORM, TRUSTED

from vaxel.adapters.authority import Authority, Identity


class Pki:
    """A CA with the platform's and a consumer's certificates in a folder."""

    def __init__(self, folder: Path, *, crl: bool = False) -> None:
        folder.mkdir()
        self.folder, self.authority = folder, Authority()
        self.consumer = self.authority.issue(TRUSTED)
        self.write(self.authority.issue(PLATFORM, hosts=("localhost", "127.0.0.1")))
        (folder / "ca.pem").write_bytes(self.authority.pem)
        self.told: dict[str, object] = {
            "tls_cert": folder / "own.pem",
            "tls_key": folder / "own.pem",
            "tls_client_ca": folder / "ca.pem",
        }
        if crl:
            (folder / "crl.pem").write_bytes(self.authority.revocation_list())
            self.told["tls_crl"] = folder / "crl.pem"

    def write(self, identity: Identity) -> None:
        identity.write(self.folder / "own.pem")

    def context(self, identity: Identity | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.authority.pem.decode())
        if identity is not None:
            context.load_cert_chain(identity.write(self.folder / "client.pem"))
        return context


def header_forms(identity: Identity) -> dict[str, str]:
    text = identity.certificate.decode()
    bare = "".join(line for line in text.splitlines() if "CERTIFICATE" not in line)
    return {"pem": text.replace("\n", " "), "base64": bare, "chain": f"{bare},MIIxyz", "url": quote(text)}
