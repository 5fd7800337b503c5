"""Checks that tell a number of a known kind from any other: check digits of cards, accounts and national ids."""

from datetime import date

# Country -> length of its IBANs (registry of ISO 13616).
_IBAN = {
    "AD": 24, "AE": 23, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25,
    "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29,
}  # fmt: skip
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_CODICE_ODD = {
    letter: value
    for letters, values in (
        ("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)),
        ("ABCDEFGHIJ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)),
        ("KLMNOPQRST", (2, 4, 18, 20, 11, 3, 6, 8, 12, 14)),
        ("UVWXYZ", (16, 10, 22, 25, 24, 23)),
    )
    for letter, value in zip(letters, values, strict=True)
}


def luhn(digits: str) -> bool:
    """Cards: ISO 7812."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(digits: str) -> bool:
    """A payment card: a length and first digit that are issued, and Luhn's check."""
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and len(set(digits)) > 1 and luhn(digits)


def iban_length(country: str) -> int | None:
    """How many characters an IBAN of that country has, or None where it has none."""
    return _IBAN.get(country)


def iban(text: str) -> bool:
    """An account number without blanks: right length for its country, remainder 1 of 97."""
    if len(text) != _IBAN.get(text[:2], -1):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def german_tax_id(digits: str) -> bool:
    """Steuer-Identifikationsnummer: one digit of the first ten twice or thrice, and its own check digit."""
    if len(digits) != 11 or digits[0] == "0" or len(set(digits[:10])) not in (8, 9):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def french_number(text: str) -> bool:
    """Numéro de sécurité sociale of 13 digits with its key of two; Corsica's 2A and 2B count as 19 and 18."""
    body, key = text[:-2].replace("2A", "19").replace("2B", "18"), text[-2:]
    return body.isdigit() and key.isdigit() and len(body) == 13 and 97 - int(body) % 97 == int(key)


def spanish_number(text: str) -> bool:
    """DNI, or NIE with X, Y or Z in front: eight digits and the letter that goes with them."""
    body = text[:-1].translate(str.maketrans("XYZ", "012"))
    return body.isdigit() and len(body) == 8 and _DNI[int(body) % 23] == text[-1]


def italian_code(text: str) -> bool:
    """Codice fiscale: sixteen characters, the last one a check of the others."""
    total = sum(
        _CODICE_ODD[character] if place % 2 == 0 else int(character) if character.isdigit() else ord(character) - 65
        for place, character in enumerate(text[:15])
    )
    return chr(65 + total % 26) == text[15]


def polish_number(digits: str) -> bool:
    """PESEL: a birthday that there was, and a check digit."""
    if len(digits) != 11:
        return False
    weights = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
    check = -sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 10
    month = int(digits[2:4])
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}.get(month // 20)
    if check != int(digits[10]) or century is None:
        return False
    try:
        date(century + int(digits[:2]), month % 20, int(digits[4:6]))
    except ValueError:
        return False
    return True
