"""Requests on many records: batches, queries and jobs."""
