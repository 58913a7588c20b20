"""The zip archive that most workbooks are: what may be unpacked, what its parts are, and their XML."""
