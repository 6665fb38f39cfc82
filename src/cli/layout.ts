import { type Paint, type Screen, type Words, widthOf } from './screen.ts'

export interface Branch {
  readonly words: Words
  readonly children?: readonly Branch[]
}

/** A tree: with lines on a terminal, and by indentation for programs that read lines. */
export function renderTree(root: Branch, { paint, isLive }: Pick<Screen, 'paint' | 'isLive'>): string {
  const marks = isLive ? lines : indentation
  return [paint(root.words), ...below(root, '', { paint, marks })].join('\n')
}

interface Marks {
  readonly child: string
  readonly last: string
  readonly beside: string
  readonly under: string
}

const lines: Marks = { child: '├─ ', last: '└─ ', beside: '│  ', under: '   ' }
const indentation: Marks = { child: '  ', last: '  ', beside: '  ', under: '  ' }

function below(
  { children = [] }: Branch,
  margin: string,
  how: { readonly paint: Paint; readonly marks: Marks },
): readonly string[] {
  const { paint, marks } = how
  return children.flatMap((child, at) => {
    const isLast = at === children.length - 1
    const inner = margin + (isLast ? marks.under : marks.beside)
    const [first = '', ...more] = paint(child.words).trimEnd().split('\n')
    const hanging = inner + (child.children?.length ? marks.beside : marks.under)
    return [
      paint([{ text: margin + (isLast ? marks.last : marks.child), style: 'dim' }]) + first,
      ...more.map(line => paint([{ text: hanging, style: 'dim' }]) + line),
      ...below(child, inner, how),
    ]
  })
}

export interface Column {
  readonly title: string
  /** Numbers stand under one another by their ends. */
  readonly isNumber?: true
}

export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Words[])[],
  paint: Paint,
): string {
  const titles = columns.map(({ title }): Words => ({ text: title, style: 'dim' }))
  const all = [titles, ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map(row => widthOf(row[at] ?? ''))))
  return all
    .map(row =>
      columns
        .map((column, at) => {
          const cell = row[at] ?? ''
          const gap = ' '.repeat((widths[at] ?? 0) - widthOf(cell))
          return column.isNumber === true ? gap + paint(cell) : paint(cell) + gap
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
