// A label with a number as a bar code (Code 39, ISO/IEC 16388), drawn by the browser.
// Never more than digits.

/** Bars and spaces of each sign, wide ones as `w`; a bar first. */
const SIGNS = {
  0: "nnnwwnwnn", 1: "wnnwnnnnw", 2: "nnwwnnnnw", 3: "wnwwnnnnn", 4: "nnnwwnnnw",
  5: "wnnwwnnnn", 6: "nnwwwnnnn", 7: "nnnwnnwnw", 8: "wnnwnnwnn", 9: "nnwwnnwnn", "*": "nwnnwnwnn",
};
const NARROW_PX = 3;
const WIDE_PX = 8;

/** A PNG of the label, tilted as a hand holds it. */
export async function photoOf(page, number) {
  const widths = [...`*${number}*`].flatMap((sign) => [...SIGNS[sign], "n"].map((one) => (one === "w" ? WIDE_PX : NARROW_PX)));
  const url = await page.evaluate((bars) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 500 });
    const draw = canvas.getContext("2d");
    draw.fillStyle = "#b9ad98";
    draw.fillRect(0, 0, 900, 500);
    draw.rotate(0.03);
    draw.fillStyle = "#fff";
    draw.fillRect(120, 90, 640, 300);
    draw.fillStyle = "#111";
    let x = 190;
    bars.forEach((width, at) => {
      if (at % 2 === 0) draw.fillRect(x, 140, width, 150);
      x += width;
    });
    draw.font = "28px sans-serif";
    draw.fillText("Lantern Shop", 190, 350);
    return canvas.toDataURL("image/png");
  }, widths);
  return Buffer.from(url.split(",")[1], "base64");
}
