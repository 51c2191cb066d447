"""The rows that `db.reads` answers with, and what is made of them: frozen, typed records, a module for each subject.

Every time is epoch milliseconds (UTC) of the database's clock, every amount of money micros of the row's currency.
A field has the name of its column; `record.columns` makes the SELECT list of a record from its fields.
"""
