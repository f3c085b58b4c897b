"""Remembers: every table and every SQL statement, one file per aggregate. Knows no plan."""
