"""Tables of the documents, as written in Markdown."""


def table(text: str, *header: str) -> list[list[str]]:
    """The rows of the table whose header begins with these cells; each row as the texts of its cells."""
    body = text.partition(f"| {' | '.join(header)} |")[2].partition("\n|---")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in body.splitlines()[1:]]
