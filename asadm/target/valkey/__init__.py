"""Valkey servers, and Redis from 7.0 on, as targets: function libraries on primaries and replicas."""
