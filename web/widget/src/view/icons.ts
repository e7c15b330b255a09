/**
 * The icons, drawn in strokes on a field of 24.
 * Never alone: each button that shows one has a label.
 */

const PATHS = {
  talk: ["M5 10v4", "M9 6v12", "M13 9v6", "M17 4v16", "M21 10v4"],
  microphone: ["M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z", "M5.5 11.5a6.5 6.5 0 0 0 13 0", "M12 18v3"],
  microphoneOff: ["M15 9.5V6a3 3 0 0 0-5.9-.8", "M9 9.5V12a3 3 0 0 0 4.6 2.5", "M5.5 11.5a6.5 6.5 0 0 0 10.4 5.2", "M18.2 13.6c.2-.7.3-1.4.3-2.1", "M12 18v3", "M4 3.5l16 17"],
  keypad: ["M6 5h.01", "M12 5h.01", "M18 5h.01", "M6 11h.01", "M12 11h.01", "M18 11h.01", "M6 17h.01", "M12 17h.01", "M18 17h.01"],
  hush: ["M4 10v4h3.5L12 18V6l-4.5 4z", "M16.5 9.5l5 5", "M21.5 9.5l-5 5"],
  hangUp: ["M3.5 14.5c-.6-1.6-.3-3.3 1-4.3C6.6 8.5 9.2 7.7 12 7.7s5.4.8 7.5 2.5c1.3 1 1.6 2.7 1 4.3-.2.5-.7.7-1.2.6l-2.7-.6c-.5-.1-.8-.5-.9-1l-.3-1.8a10.5 10.5 0 0 0-6.8 0l-.3 1.8c-.1.5-.4.9-.9 1l-2.7.6c-.5.1-1-.1-1.2-.6z"],
  photo: ["M4 8.5A1.5 1.5 0 0 1 5.5 7h2L9 4.8h6L16.5 7h2A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z", "M12 16a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4z"],
  send: ["M4.5 12h14", "M13 6.5l5.5 5.5-5.5 5.5"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  type: ["M4 7.5A1.5 1.5 0 0 1 5.5 6h13A1.5 1.5 0 0 1 20 7.5v8a1.5 1.5 0 0 1-1.5 1.5H10l-4 3v-3h-.5A1.5 1.5 0 0 1 4 15.5z", "M8 10h8", "M8 13h5"],
  machine: ["M12 4.5V7", "M6.5 7h11A1.5 1.5 0 0 1 19 8.5v8a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 16.5v-8A1.5 1.5 0 0 1 6.5 7z", "M9.5 11.5v1.5", "M14.5 11.5v1.5", "M2.5 11.5v2.5", "M21.5 11.5v2.5"],
  record: ["M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16z", "M12 14a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"],
} as const;

export type Icon = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

export function icon(name: Icon, className = ""): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon ${className}`.trim());
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
