"""asinfo asks one node; the base package of the toolkit. Importing it costs nothing: start-up is a feature."""

__version__ = "0.1.0"
