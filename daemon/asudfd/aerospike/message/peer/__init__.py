"""Requests that another node of the cluster answers."""
