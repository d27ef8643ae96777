"""The members of the cluster and which node owns which partition."""
