from hashlib import sha256

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from bench.peers.naive.models import Key


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Key, Key]:
        text = request.headers.get("Authorization", "").removeprefix("Bearer ")
        key: Key | None = Key.objects.filter(digest=sha256(text.encode()).digest()).first()
        if key is None:
            raise AuthenticationFailed("Send your key.")
        return key, key
