"""The right version of every module on every node: survey, plan, apply, history."""
