"""What has to change on which node: plans, plan files, and differences line by line."""
