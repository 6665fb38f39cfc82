/** Where Dask listens on a machine of its own; firewalls are made from the same numbers. */
export const schedulerPort = 8786
export const workerPort = 9000
export const nannyPort = 9001
