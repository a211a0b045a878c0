"""People, and what they say, in the dashboard."""

from advocates.admin import advocates, boards, ideas, imports, shop, sso, surveys, testimonials

__all__ = ["advocates", "boards", "ideas", "imports", "shop", "sso", "surveys", "testimonials"]
