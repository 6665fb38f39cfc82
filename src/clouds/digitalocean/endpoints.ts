const usual = 'https://api.digitalocean.com'

/**
 * Where DigitalOcean's API is: elsewhere only where the operator's own surroundings say so, as DigitalOcean's other tools are
 * told. Throws a TypeError for what is no URL of an HTTPS server.
 */
export function endpointIn(environment: Readonly<Record<string, string | undefined>>): string {
  const given = environment['DIGITALOCEAN_API_URL']?.trim() || usual
  const url = URL.parse(given)
  if (url?.protocol !== 'https:')
    throw new TypeError(
      `DIGITALOCEAN_API_URL must be the URL of an HTTPS server, found ${given.slice(0, 100)}`,
    )
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}/v2`
}
