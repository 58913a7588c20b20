"""Countries as people write them, where the API wants two letters: India's neighbours and the commoner ones."""

_COUNTRIES = (
    ("IN", "IND", "India", "Republic of India", "Bharat", "Hindustan", "भारत"),
    ("AE", "ARE", "United Arab Emirates", "UAE"),
    ("AU", "AUS", "Australia"),
    ("BD", "BGD", "Bangladesh"),
    ("BT", "BTN", "Bhutan"),
    ("CA", "CAN", "Canada"),
    ("CN", "CHN", "China"),
    ("DE", "DEU", "Germany"),
    ("FR", "FRA", "France"),
    ("GB", "GBR", "United Kingdom", "Great Britain", "England"),
    ("HK", "HKG", "Hong Kong"),
    ("ID", "IDN", "Indonesia"),
    ("JP", "JPN", "Japan"),
    ("KR", "KOR", "South Korea"),
    ("LK", "LKA", "Sri Lanka"),
    ("MM", "MMR", "Myanmar"),
    ("MV", "MDV", "Maldives"),
    ("MY", "MYS", "Malaysia"),
    ("NL", "NLD", "Netherlands"),
    ("NP", "NPL", "Nepal"),
    ("PK", "PAK", "Pakistan"),
    ("SA", "SAU", "Saudi Arabia"),
    ("SG", "SGP", "Singapore"),
    ("TH", "THA", "Thailand"),
    ("US", "USA", "United States", "United States of America", "America"),
)
_IGNORED = str.maketrans("", "", " .-_\u00a0")


def _bare(text: str) -> str:
    return text.translate(_IGNORED).casefold()


_CODES = {_bare(name): code for code, *names in _COUNTRIES for name in names}


def country_code(text: str) -> str:
    """The two letters of a country whose name or three letters this is; empty for anything else."""
    return _CODES.get(_bare(text), "")
