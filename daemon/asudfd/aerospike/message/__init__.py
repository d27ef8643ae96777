"""Record messages: from the body of a frame to its reply; one file a kind of request."""
