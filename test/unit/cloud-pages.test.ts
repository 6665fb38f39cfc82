import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const pages = [
  { page: 'aws', sample: 'aws-simple' },
  { page: 'azure', sample: 'azure-simple' },
  { page: 'gcp', sample: 'gcp-simple' },
  { page: 'digitalocean', sample: 'digitalocean-simple' },
]

const titles = ['A cluster.yaml', 'Permissions', 'Network', 'Images', 'Quotas']

/** A page's sections by their titles, each with what stands below it. */
const sectionsOf = (page: string): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(`docs/${page}.md`, 'utf8')
      .split(/^## /m)
      .slice(1)
      .map(each => {
        const [title = '', ...lines] = each.split('\n')
        return [title, lines.join('\n')]
      }),
  )

describe.each(pages)('the page of $page', ({ page, sample }) => {
  const sections = sectionsOf(page)

  test.each(titles)('has its words on: %s', title => {
    expect((sections.get(title) ?? '').length).toBeGreaterThan(200)
  })

  test('has a cluster.yaml that is the sample it names', () => {
    const section = sections.get('A cluster.yaml') ?? ''
    expect(section).toContain(`(../deploy/samples/${sample}.yaml)`)
    const [, shown] = /```yaml\n([^`]+)```/.exec(section) ?? []
    const text = readFileSync(`deploy/samples/${sample}.yaml`, 'utf8')
    expect(shown).toBe(text.slice(text.indexOf('apiVersion:')))
  })

  test('says how its permissions are printed, which ports are open, and what says that a quota is short', () => {
    expect(sections.get('Permissions')).toContain(`\`npm run --silent iam-policy -- ${page}`)
    expect(sections.get('Network')).toMatch(/\| 8786 \|[^]*\| 8787 \|[^]*\| 9000, 9001 \|/)
    expect(sections.get('Quotas')).toContain('(troubleshooting.md#quotaexceeded)')
  })
})
