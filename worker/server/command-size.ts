// Whether a command fits a row: of the log, where it stands quoted once more, and of the state it makes. A command that
// does not would be refused by storage after it was decided, on every server, at every start.

/** What an object's row holds (reference 1.2: 2 MB), less what stands around the command. */
const rowBytesMax = 1_900_000;
/** Of the log, a character takes three bytes at most: quotes and backslashes two, what is not ASCII three. */
const charBytesMax = 3;

export function fitsRow(command: string): boolean {
  if (command.length * charBytesMax <= rowBytesMax) return true;
  if (command.length > rowBytesMax) return false;
  let bytes = 0;
  for (let at = 0; at < command.length; at++) {
    const unit = command.charCodeAt(at);
    // A surrogate is half of four bytes.
    if (unit >= 0x800) bytes += unit >= 0xd800 && unit < 0xe000 ? 2 : 3;
    else if (unit >= 0x80 || unit === 0x22 || unit === 0x5c) bytes += 2;
    else bytes += unit < 0x20 ? 6 : 1;
  }
  return bytes <= rowBytesMax;
}
