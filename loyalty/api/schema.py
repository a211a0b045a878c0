"""OpenAPI from the declarations of `@operation`: summaries, examples, shapes and every error."""

from typing import Any, get_args, get_origin

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from loyalty.api import examples, surfaces, views
from loyalty.kernel.errors import Code, DomainError

REFS = "#/components/schemas/{name}"
ALWAYS = (Code.RATE_LIMITED, Code.INTERNAL, Code.UNAVAILABLE)
LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id")
PATH_TYPES: dict[str, dict[str, Any]] = {
    "code": {"type": "string"},
    "external_id": {"type": "string"},
    "product_key": {"type": "string"},
    "number": {"type": "integer", "minimum": 1},
}
SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "KeyView": [{"secretKey": []}, {"secretKeyHeader": []}],
    "IntegrationView": [{"integrationKey": []}],
    "UserView": [{"userToken": []}],
    "VisitorView": [{}, {"userToken": []}],
    "GiftView": [{"giftToken": []}],
    "OpenView": [],
}


class OperationSchema(AutoSchema):
    """drf-spectacular walks the URLs; what it says of an operation is ours."""

    def get_operation(  # noqa: PLR0917  # the library's signature
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        handler = getattr(self.view, method.lower(), None)
        declared: views.Operation | None = getattr(handler, "operation", None)
        if declared is None:
            return None
        self.registry = registry
        operation: dict[str, Any] = {
            "operationId": _operation_id(path, method),
            "summary": declared.summary,
            "tags": list(declared.tags) or [_tag(path)],
            "security": _security(self.view),
            "parameters": [
                *_path_parameters(path),
                *self._query(declared),
                *_headers(declared),
                *_key_parameter(declared, method),
            ],
            "responses": self._responses(declared, path, method),
        }
        if declared.description:
            operation["description"] = declared.description
        if declared.body is not None:
            content: dict[str, Any] = {"schema": self._shape(declared.body)}
            if declared.example is not None:
                content["example"] = declared.example
            operation["requestBody"] = {
                "required": not _says_enough({}, declared.body),
                "content": dict.fromkeys(declared.media_types, content),
            }
        return operation

    def _shape(self, type_: Any) -> dict[str, Any]:
        (reference,), components = msgspec.json.schema_components([type_], ref_template=REFS)
        for name, schema in components.items():
            self._register(name, schema)
        return reference

    def _query(self, declared: views.Operation) -> list[dict[str, Any]]:
        if declared.query is None:
            return []
        _, components = msgspec.json.schema_components([declared.query], ref_template=REFS)
        schema = components[declared.query.__name__]
        required = schema.get("required", ())
        return [
            {"name": name, "in": "query", "required": name in required, "schema": field}
            for name, field in schema["properties"].items()
        ]

    def _responses(self, declared: views.Operation, path: str, method: str) -> dict[str, Any]:
        good: dict[str, Any] = {
            "description": "Done." if declared.answer is None else declared.summary + ".",
            "headers": {name: {"schema": {"type": "string"}} for name in LIMIT_HEADERS},
        }
        if declared.answer is not None:
            content: dict[str, Any] = {"schema": self._shape(declared.answer)}
            if example := declared.answer_example or example_of(declared.answer):
                content["example"] = example
            media_types = ("application/json",) if declared.body else declared.media_types
            good["content"] = dict.fromkeys(media_types, content)
        responses = {str(declared.status): good}
        if declared.other_status:
            responses[str(declared.other_status)] = good
        by_status: dict[int, list[Code]] = {}
        for code in _codes(self.view, declared, path, method):
            by_status.setdefault(code.status, []).append(code)
        for status, codes in sorted(by_status.items()):
            responses[str(status)] = self._error(codes)
        return responses

    def _error(self, codes: list[Code]) -> dict[str, Any]:
        surface: surfaces.Surface = getattr(self.view, "surface", surfaces.ADVOCATES)
        error = DomainError("What went wrong, and what to do.", field=None)
        error.code = codes[0]
        return {
            "description": " or ".join(codes),
            "content": {
                "application/json": {
                    "schema": {"$ref": REFS.format(name=self._error_shape(surface))},
                    "example": surface.render(error, examples.REQUEST_ID),
                }
            },
        }

    def _error_shape(self, surface: surfaces.Surface) -> str:
        name = f"{surface.name.title().replace(' ', '')}Error"
        fields = surface.render(DomainError(""), "")
        self._register(name, _schema_of(fields))
        return name

    def _register(self, name: str, schema: dict[str, Any]) -> None:
        component = ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, schema=schema, object=name)
        self.registry.register_on_missing(component)
        if self.registry[component].schema != schema:
            raise ValueError(f"Two different shapes are called {name}. Rename one.")


def example_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """What a shape shows of itself, with what its parts show of themselves, and how far a list goes."""
    if not issubclass(shape, views.Shape):
        return {}
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(shape):
        name = field.encode_name
        if name in shape.example:
            found[name] = shape.example[name]
        elif part := _example_of_part(field.type):
            found[name] = part
        elif name in examples.PAGING:
            found[name] = examples.PAGING[name]
    return found


def _example_of_part(type_: Any) -> Any:
    if isinstance(type_, type) and issubclass(type_, views.Shape):
        return example_of(type_)
    parts = filter(None, map(_example_of_part, get_args(type_)))  # of a list, or of what may be null
    part = next(parts, None)
    return [part] if part and get_origin(type_) is list else part


def _says_enough(body: dict[str, Any], type_: Any) -> bool:
    try:
        msgspec.convert(body, type_)
    except msgspec.ValidationError:
        return False
    return True


def _codes(view: Any, declared: views.Operation, path: str, method: str) -> list[Code]:
    codes = [*declared.errors, Code.VALIDATION_ERROR, *ALWAYS]
    if not isinstance(view, views.OpenView):
        codes += [Code.UNAUTHENTICATED, Code.FORBIDDEN]
    if isinstance(view, views.IntegrationView):
        codes.append(Code.IP_NOT_ALLOWED)
    if "{" in path:
        codes.append(Code.NOT_FOUND)
    if declared.body is not None:
        codes += [Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE]
    if method == "POST" and declared.idempotency != "none":
        codes += [Code.CONFLICT, Code.IDEMPOTENCY_MISMATCH]
    return list(dict.fromkeys(codes))


def _schema_of(fields: dict[str, Any]) -> dict[str, Any]:
    """The schema of a rendered error: strings all the way, some of them null."""
    properties = {
        name: _schema_of(value) if isinstance(value, dict) else {"type": ["string", "null"]}
        for name, value in fields.items()
    }
    return {"type": "object", "properties": properties, "required": list(fields)}


def _security(view: Any) -> list[dict[str, list[str]]]:
    return next(SECURITY[base.__name__] for base in type(view).__mro__ if base.__name__ in SECURITY)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": PATH_TYPES.get(name, {"type": "string", "format": "uuid"}),
        }
        for name in names
    ]


def _headers(declared: views.Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in declared.headers
    ]


def _key_parameter(declared: views.Operation, method: str) -> list[dict[str, Any]]:
    if method != "POST" or declared.idempotency == "none" or declared.key_field:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return [{"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema}]


def _operation_id(path: str, method: str) -> str:
    base, *words = (part.strip("{}") for part in path.strip("/").split("/"))
    words = ["gift", *words] if base == "v1" else words[1:]
    return "_".join([method.lower(), *words]).replace("-", "_")


def _tag(path: str) -> str:
    words = path.strip("/").split("/")
    return words[2] if len(words) > 2 else words[-1]
