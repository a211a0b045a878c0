"""E-mail addresses, in the one spelling that we keep."""

from email_validator import EmailNotValidError, validate_email

from loyalty.kernel.errors import Invalid


def email(value: str, *, field: str = "email") -> str:
    """An address in the one spelling that we keep.

    :raises Invalid: if it is none
    """
    try:
        return validate_email(value, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Invalid(f"{field} is not an e-mail address: {error}", field=field) from error
