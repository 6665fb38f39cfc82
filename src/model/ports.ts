/** Where Dask listens on a machine of its own; firewalls are made from the same numbers. */
export const schedulerPort = 8786
/** Of Dask's pages about a cluster. */
export const dashboardPort = 8787
export const workerPort = 9000
export const nannyPort = 9001
