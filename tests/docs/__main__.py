"""`python -m tests.docs`: writes what of docs/reference is made from the code."""

from tests.docs.reference import FOLDER, NAMES, made

for name in NAMES:
    text = made(name)
    path = FOLDER / name
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
        print(f"written: {path}")
