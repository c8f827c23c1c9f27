"""oss2, without loading what only its client-side encryption uses.

`import oss2` also imports what CryptoBucket needs: the SDK for KMS with a second copy
of requests, cryptography, and the ciphers. That is a fifth more CPU and 14 MiB more
memory at each cold start (measured 2026-12), and nothing here encrypts. So those
modules are left to load themselves at their first use, which here never comes: `oss2`
is oss2 whole and unchanged, and whoever would use CryptoBucket could.

Source: `importlib.util.LazyLoader`, Python's documentation, read 2026-11: "for
projects where startup time is important".
"""

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

LATER = frozenset(
    {
        "Crypto.Cipher.AES",
        "Crypto.Cipher.PKCS1_OAEP",
        "Crypto.Cipher.PKCS1_v1_5",
        "Crypto.PublicKey.RSA",
        "Crypto.Random",
        "Crypto.Util.Counter",
        "aliyunsdkcore.client",
        "aliyunsdkkms.request.v20160120.DecryptRequest",
        "aliyunsdkkms.request.v20160120.EncryptRequest",
        "aliyunsdkkms.request.v20160120.GenerateDataKeyRequest",
    }
)
"""What oss2.crypto and oss2.utils import and, at import, only name.

A name that a later oss2 imports besides is loaded as ever; a test counts modules.
"""


class _LoadsLater(MetaPathFinder):
    """Finds the modules of LATER where they are, and has them load at first use."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return a spec with a lazy loader for a module of LATER, else None."""
        if fullname not in LATER:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec


@contextmanager
def loading_later() -> Iterator[None]:
    """Let imports in the block load the modules of LATER at their first use."""
    finder = _LoadsLater()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


with loading_later():
    import oss2

__all__ = ["oss2"]
