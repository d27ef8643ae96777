"""What `manage` changes on an Aerospike cluster: one file a kind of thing. How a change goes is `asadm.fleet.change.managed`."""
