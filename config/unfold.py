"""How the dashboard looks. What it asks of us at each request is named, not imported: settings come first."""

from typing import Any

from django.templatetags.static import static


def _asset(name: str) -> Any:
    return lambda request: static(name)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Laurel",
    "SITE_HEADER": "config.frame.header",
    "SITE_SUBHEADER": "config.frame.subheader",
    "SITE_ICON": _asset("widget/laurel.svg"),
    "SITE_URL": None,
    "SITE_DROPDOWN": "config.frame.businesses",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _asset("widget/laurel.svg")}],
    "ENVIRONMENT": "config.frame.mode",
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "config.dashboard.show",
    "STYLES": [_asset("admin-laurel/dashboard.css")],
    "SCRIPTS": [_asset("admin-laurel/dashboard.js")],
    "SIDEBAR": {"navigation": "config.frame.navigation"},
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(97.6% .018 163)",
            "100": "oklch(94.6% .042 163)",
            "200": "oklch(89.8% .078 163)",
            "300": "oklch(82.4% .116 163)",
            "400": "oklch(72.8% .132 163)",
            "500": "oklch(61.6% .124 163)",
            "600": "oklch(50.8% .104 163)",
            "700": "oklch(43.4% .088 163)",
            "800": "oklch(37.2% .073 163)",
            "900": "oklch(32.1% .061 163)",
            "950": "oklch(22.4% .043 163)",
        },
    },
}
