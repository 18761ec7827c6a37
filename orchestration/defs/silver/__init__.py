"""Assets of layer silver: what kernels make of bronze, partition by partition, before dbt."""
