"""The command-line toolkit of all three tools: options, help, tables, streams, signals and completion."""
