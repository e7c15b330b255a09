/**
 * Both voices as one moving picture, which is the microphone meter as well.
 * Never moves for those who asked for less motion: then it is one level that stands still.
 */

import type { Levels } from "../talk.ts";
import { attribute, h } from "./dom.ts";

const BAR_MS = 55;
const BAR_PX = 3;
const GAP_PX = 3;
const MIN_BAR_PX = 3;

export interface Wave {
  root: HTMLElement;
  /** Draws while there is sound to draw. */
  run(isRunning: boolean): void;
  label(text: string): void;
}

export function wave(levels: () => Levels): Wave {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const root = h("div.wave", { role: "meter", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 }, canvas);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let bars: Levels[] = [];
  let frame = 0;
  let next = 0;
  const tick = (now: number): void => {
    frame = requestAnimationFrame(tick);
    if (now < next) return;
    next = now + (still.matches ? BAR_MS * 4 : BAR_MS);
    const level = levels();
    attribute(root, "aria-valuenow", Math.round(level.caller * 100));
    const width = canvas.clientWidth;
    const count = Math.max(1, Math.floor(width / (BAR_PX + GAP_PX)));
    bars = still.matches ? [level] : [...bars, level].slice(-count);
    paint(canvas, bars, count);
  };
  return {
    root,
    label: (text) => attribute(root, "aria-label", text),
    run(isRunning) {
      if (isRunning === frame > 0) return;
      cancelAnimationFrame(frame);
      bars = [];
      frame = isRunning ? requestAnimationFrame(tick) : 0;
    },
  };
}

/** The caller's bars rise and the bot's hang; with one bar alone, it lies along the line. */
function paint(canvas: HTMLCanvasElement, bars: readonly Levels[], count: number): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (canvas.width !== width * ratio || canvas.height !== height * ratio) Object.assign(canvas, { width: width * ratio, height: height * ratio });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  // Properties that hold colours: a custom property would come unresolved, light and dark both.
  const { color: caller, borderTopColor: bot, borderBottomColor: rest } = style;
  const bar = (x: number, level: number, colour: string): void => {
    const tall = Math.max(MIN_BAR_PX, level * height);
    context.fillStyle = level > 0.02 ? colour : rest;
    context.beginPath();
    context.roundRect(x, (height - tall) / 2, BAR_PX, tall, BAR_PX / 2);
    context.fill();
  };
  const lone = bars.length === 1 ? bars[0] : undefined;
  for (let at = 0; at < count; at += 1) {
    const level = lone ?? bars[bars.length - count + at] ?? { caller: 0, bot: 0 };
    const loudest = Math.max(level.caller, level.bot);
    const lit = lone ? (at / count < loudest ? 0.4 : 0) : loudest;
    bar(at * (BAR_PX + GAP_PX), lit, level.bot > level.caller ? bot : caller);
  }
}
