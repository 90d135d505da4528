"""Everything in a SQL Server database but mfm's own tables and rowversions, as pymssql reads it, in one fixed order.

Usage: mssql_dump.py HOST PORT USER DATABASE [--rows]

The password is in MFM_TEST_MSSQL_PASSWORD. Prints one line a table: its name, how many rows it has, and SHA-256 over
its rows, sorted; with --rows the rows themselves as well. Values are compared as Python writes them, each with its type.
"""

import argparse
import hashlib
import os
import struct

import pymssql

COLUMNS = """
SELECT s.name, t.name, c.name FROM sys.tables AS t
JOIN sys.schemas AS s ON s.schema_id = t.schema_id JOIN sys.columns AS c ON c.object_id = t.object_id
JOIN sys.types AS y ON y.user_type_id = c.user_type_id
WHERE t.name NOT LIKE 'mfm[_]%' AND y.name NOT IN ('timestamp', 'rowversion')
ORDER BY s.name, t.name, c.name
"""


def connect(given):
    password = os.environ["MFM_TEST_MSSQL_PASSWORD"]
    return pymssql.connect(given.host, given.user, password, database=given.database, port=given.port, charset="UTF-8")


def quoted(name):
    return "[" + name.replace("]", "]]") + "]"


def shown(value):
    """A value with its type; floats bit for bit."""
    if isinstance(value, float):
        return "float " + struct.pack(">d", value).hex()
    return f"{type(value).__name__} {value!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    parser.add_argument("database")
    parser.add_argument("--rows", action="store_true")
    given = parser.parse_args()
    cursor = connect(given).cursor()
    cursor.execute("SET TEXTSIZE 2147483647")
    cursor.execute(COLUMNS)
    tables = {}
    for schema, table, column in cursor.fetchall():
        tables.setdefault((schema, table), []).append(column)
    for (schema, table), columns in tables.items():
        cursor.execute(f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(schema)}.{quoted(table)}")
        rows = sorted("|".join(map(shown, row)) for row in cursor.fetchall())
        digest = hashlib.sha256("\n".join([*columns, *rows]).encode()).hexdigest()
        print(f"{schema}.{table} {len(rows)} {digest}")
        if given.rows:
            print("\n".join(rows))


if __name__ == "__main__":
    main()
