"""What a client that has nothing but DuckDB reads in a store: JSON statements by name on standard input, their rows on standard output."""

import json
import sys

import duckdb


def main() -> None:
    """Answer every statement from the store named by the first argument, or say what DuckDB said."""
    told = {}
    with duckdb.connect(sys.argv[1], read_only=True) as connection:
        for name, sql in json.load(sys.stdin).items():
            try:
                told[name] = connection.execute(sql).fetchall()
            except duckdb.Error as error:
                told[name] = str(error)
    json.dump({"version": duckdb.__version__, "answers": told}, sys.stdout)


if __name__ == "__main__":
    main()
