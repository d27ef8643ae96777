"""asadm asks all configured nodes at once and keeps modules the same on them."""
