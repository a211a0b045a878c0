from advocates.models.advocates import Advocate
from advocates.models.sso import SsoSecret, SsoSignature

__all__ = ["Advocate", "SsoSecret", "SsoSignature"]
