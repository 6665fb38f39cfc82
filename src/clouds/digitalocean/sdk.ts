import { type AxiosRequestConfig, create } from 'axios'
import { modules } from 'dots-wrapper'
import { EnvHttpProxyAgent, fetch, Request, Response } from 'undici'

export type Droplet = modules.droplet.IDroplet
export type Firewall = modules.firewall.IFirewall
export type InboundRule = modules.firewall.IFirewallInboundRule
export type Tag = modules.tag.ITag
export type Size = modules.size.ISize
export type Image = modules.image.IImage

/** What the client's functions take: one call's way to DigitalOcean. */
export type Context = Parameters<typeof modules.tag.createTag>[0]

/** What a droplet is asked for with. The client knows no droplet without a public address, which DigitalOcean does. */
export interface DropletsWish {
  readonly names: readonly string[]
  readonly region: string
  readonly size: string
  readonly image: string | number
  readonly tags: readonly string[]
  readonly user_data: string
  readonly ssh_keys: readonly (string | number)[]
  readonly monitoring: boolean
  readonly ipv6: boolean
  readonly public_networking: boolean
  /** An agent of DigitalOcean's through which people of the team open a console. */
  readonly with_droplet_agent: boolean
  readonly vpc_uuid?: string
}

const dispatcher = new EnvHttpProxyAgent()

/** With the surroundings' proxies, as all the operator's requests; a token never follows a redirect. */
const direct = (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]) =>
  fetch(input, { ...init, dispatcher, redirect: 'error' })

// Of one make: a request of another's is none to this fetch.
const env = { fetch: direct, Request, Response }

/** Only a call's own: it ends with its signal, and nothing of it is kept. */
export function contextFor(
  { endpoint, token }: { readonly endpoint: string; readonly token: string },
  signal: AbortSignal,
): Context {
  const httpClient = create({
    baseURL: endpoint,
    headers: { Authorization: `Bearer ${token}` },
    signal,
    adapter: 'fetch',
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one standard, declared by Node's types and by undici's own
    env: env as unknown as NonNullable<AxiosRequestConfig['env']>,
    maxContentLength: 64 * 1_024 * 1_024,
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- axios declares itself twice, for each kind of module
  return { endpoint, httpClient: httpClient as unknown as Context['httpClient'] }
}

/** The most that DigitalOcean gives. */
export const pageSize = 200

/** Each of the client's functions that is used here, by the call that it makes. */
export const client = {
  account: (context: Context) => modules.account.getAccount(context)(),
  droplets: (context: Context, page: number, tag: string) =>
    modules.droplet.listDroplets(context)({ page, per_page: pageSize, tag_name: tag }),
  createDroplets: (context: Context, wish: DropletsWish) =>
    context.httpClient.post<{ readonly droplets?: readonly Droplet[] }>('/droplets', wish),
  deleteDroplet: (context: Context, id: number) => modules.droplet.deleteDroplet(context)({ droplet_id: id }),
  firewalls: (context: Context, page: number) =>
    modules.firewall.listFirewalls(context)({ page, per_page: pageSize }),
  createFirewall: (context: Context, wish: Firewall) => modules.firewall.createFirewall(context)(wish),
  updateFirewall: (context: Context, wish: Firewall) => modules.firewall.updateFirewall(context)(wish),
  deleteFirewall: (context: Context, id: string) =>
    modules.firewall.deleteFirewall(context)({ firewall_id: id }),
  createTag: (context: Context, name: string) => modules.tag.createTag(context)({ name }),
  tags: (context: Context, page: number) => modules.tag.listTags(context)({ page, per_page: pageSize }),
  // Tags of ours have nothing in them that a path could not.
  deleteTag: (context: Context, name: string) => modules.tag.deleteTag(context)({ tag_name: name }),
  sizes: (context: Context, page: number) => modules.size.listSizes(context)({ page, per_page: pageSize }),
  image: (context: Context, image: string | number) =>
    modules.image.getImage(context)(typeof image === 'number' ? { image_id: image } : { slug: image }),
} as const
