"""Writes the tables anew: `python -m tests.golden`."""

from tests.golden.tables import FOLDER, shipped, table, table_file, why_not

wanted = {table_file(protocol): table(protocol) for protocol in shipped() if not why_not(protocol)}
for file in sorted({*FOLDER.glob("*.txt"), *wanted}):
    before = file.read_text(encoding="utf-8") if file.exists() else None
    if file not in wanted:
        file.unlink()
        print(f"{file.name}: deleted")
    elif before != wanted[file]:
        file.write_text(wanted[file], encoding="utf-8")
        print(f"{file.name}: {'written anew' if before else 'new'}")
