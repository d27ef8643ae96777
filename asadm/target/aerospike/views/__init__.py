"""What the commands of the daily half of asadm show of an Aerospike cluster: one file a command, one conversation a node."""
