/**
 * Makes a photo small enough to send.
 * Never reads it: that is the server's work.
 */

/** Bar codes stay legible down to the last of these. */
const LONGEST_SIDES_PX = [2560, 2048, 1600, 1200];
const QUALITY = 0.85;

/** The photo as it is, or drawn smaller where it is too large or of a kind the server does not take; nothing when that fails. */
export async function fit(file: Blob, types: readonly string[], maxBytes: number): Promise<Blob | undefined> {
  if (types.includes(file.type) && file.size <= maxBytes) return file;
  if (!file.type.startsWith("image/")) return undefined;
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (!picture) return undefined;
  for (const side of LONGEST_SIDES_PX) {
    const smaller = await draw(picture, side);
    if (smaller && smaller.size <= maxBytes) return smaller;
  }
  return undefined;
}

async function draw(picture: ImageBitmap, side: number): Promise<Blob | null> {
  const scale = Math.min(1, side / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}
