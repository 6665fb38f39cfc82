/** One line about a row of faults, for people who read the end of a run. */
export function tellOfRow(row: number, facts: string): void {
  console.log(`row ${row}: ${facts}`)
}
