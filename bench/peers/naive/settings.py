import environ

env = environ.Env()

SECRET_KEY = "throw-away"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["rest_framework", "bench.peers.naive"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "bench.peers.naive.urls"
DATABASES = {"default": env.db("PEER_DATABASE_URL") | {"CONN_MAX_AGE": 60}}
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["bench.peers.naive.keys.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}
