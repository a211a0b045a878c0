"""The sections of the programme that this app keeps, one module each."""

from advocates.services.kinds.sections import boards, surveys

ALL = (boards.SECTION, surveys.SECTION)
