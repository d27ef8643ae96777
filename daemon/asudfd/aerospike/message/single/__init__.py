"""Requests on one record."""
