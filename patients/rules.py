"""Phone numbers in one spelling (pure), so that any way of writing one finds its owner."""

import phonenumbers


def phone_digits(phone: str, country: str) -> str:
    """`phone` as E.164 digits without the plus, read as a number of `country` where it has no country code.

    Empty for something that is no phone number.
    """
    try:
        number = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
