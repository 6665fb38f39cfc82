/** Of this machine itself: nobody is dialled outside. */
export const ownAddress = (seq: number): string => `127.31.${Math.floor(seq / 250) % 250}.${4 + (seq % 250)}`
