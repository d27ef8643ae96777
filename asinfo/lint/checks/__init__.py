"""The checks, a file for each family: functions from a module to what they find in it."""
