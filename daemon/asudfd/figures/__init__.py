"""Figures as data: what a node counts and measures, each with its name, value, kind, help and labels.

`statistics`, `namespace/`, `/metrics` and the ticker's lines in the log are made from them; none of these reads the text of
another one. The names are the real server's where it has the figure.
"""
