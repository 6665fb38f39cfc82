/** The certificates in a text, each as it stands there; what is around them is left out. */
export const certificateBlocks = (text: string): readonly string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
