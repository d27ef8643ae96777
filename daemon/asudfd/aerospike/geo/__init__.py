"""Points and regions on the sphere, from their geo JSON."""
