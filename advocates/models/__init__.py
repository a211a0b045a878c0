from advocates.models.advocates import Advocate
from advocates.models.birthdays import BirthdayRound
from advocates.models.boards import Board
from advocates.models.ideas import Idea, IdeaDecision, Vote
from advocates.models.imports import Import, ImportPart
from advocates.models.orders import Order, OrderLine, Refund
from advocates.models.products import Collection, CollectionProduct, Product, ProductBefore
from advocates.models.responses import Answer, Response
from advocates.models.sso import SsoMapping, SsoSecret, SsoSignature
from advocates.models.surveys import Question, Survey
from advocates.models.testimonials import Testimonial, TestimonialDecision

__all__ = [
    "Advocate",
    "Answer",
    "BirthdayRound",
    "Board",
    "Collection",
    "CollectionProduct",
    "Idea",
    "IdeaDecision",
    "Import",
    "ImportPart",
    "Order",
    "OrderLine",
    "Product",
    "ProductBefore",
    "Question",
    "Refund",
    "Response",
    "SsoMapping",
    "SsoSecret",
    "SsoSignature",
    "Survey",
    "Testimonial",
    "TestimonialDecision",
    "Vote",
]
