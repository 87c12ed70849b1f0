// SPDX-License-Identifier: Apache-2.0
// Contrast as WCAG 2 reckons it, so that any institution's colour can be used and still be read.

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const toHex = (rgb) => `#${rgb.map((one) => Math.round(one).toString(16).padStart(2, "0")).join("")}`;

export const isColour = (text) => /^#[0-9a-f]{6}$/i.test(text ?? "");

export function luminance(hex) {
  const [r, g, b] = channels(hex).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

// Black or white, whichever is read better on it.
export const textOn = (hex) => (contrast(hex, "#ffffff") >= contrast(hex, "#000000") ? "#ffffff" : "#000000");

// The colour itself, or the nearest towards black or white that can be read on this background.
export function readableOn(hex, background, least = 4.5) {
  const goal = luminance(background) > 0.4 ? 0 : 255;
  for (let step = 0; step <= 20; step++) {
    const mixed = toHex(channels(hex).map((value) => value + ((goal - value) * step) / 20));
    if (contrast(mixed, background) >= least) return mixed;
  }
  return goal === 0 ? "#000000" : "#ffffff";
}
