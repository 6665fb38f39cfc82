import { object } from './schema/containers.ts'
import { bool } from './schema/scalars.ts'

export const dashboard = object({
  description: "Dask's own pages about the cluster. A change concerns the scheduler alone.",
  others: 'refused',
  default: {},
  fields: {
    expose: bool({
      description:
        "Whether network.allowedCIDRs reach the pages at port 8787 of the scheduler, whose firewall is opened and closed at once. Mutual TLS stands before every page: the cluster's client " +
        'certificate is asked for, which the client Secret then holds for browsers, too, as client.p12 with its password in client.p12.password; status.dashboardURL is the link. ' +
        'Unless software.python names bokeh, which draws the pages, dask[diagnostics] is installed beside its packages on the scheduler; an image must have it. ' +
        "Default: false, and the pages are to be had on the scheduler's machine alone.",
      default: false,
    }),
  },
})
