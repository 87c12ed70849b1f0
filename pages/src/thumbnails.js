// SPDX-License-Identifier: Apache-2.0
// Addresses of images at a size that servers have at hand.

// { src, width, height } of a whole image within side × side pixels; `image` as presentation.js makes them.
export function sized(image, side) {
  if (!image) return null;
  const { width, height, service } = image;
  if (!service) return image.id ? { src: image.id, width, height } : null;
  if (!width || !height) return { src: `${service.id}/full/!${side},${side}/0/default.jpg`, width: 0, height: 0 };
  const scale = Math.min(1, side / Math.max(width, height));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  if (scale === 1) return { src: whole(image), width, height };
  return {
    src: `${service.id}/full/${service.version === 2 ? `${w},` : `${w},${h}`}/0/default.jpg`,
    width: w,
    height: h,
  };
}

export function whole(image) {
  if (!image.service) return image.id;
  return image.id || `${image.service.id}/full/${image.service.version === 2 ? "full" : "max"}/0/default.jpg`;
}

// The part of an image, in its own pixels, as large as it is but for `most`.
export function region(image, part, most = 3000) {
  if (!image.service) return image.id;
  const [x, y, w, h] = [part.x, part.y, part.w, part.h].map(Math.round);
  const old = image.service.version === 2;
  const scale = Math.min(1, most / Math.max(w, h));
  let size = old ? "full" : "max";
  if (scale < 1) size = old ? `${Math.round(w * scale)},` : `${Math.round(w * scale)},${Math.round(h * scale)}`;
  return `${image.service.id}/${x},${y},${w},${h}/${size}/0/default.jpg`;
}

// For a canvas, or for what a Collection lists: its own thumbnail if that is large enough, else its image, small.
export function thumbnail(resource, side) {
  const own = resource.thumbnail[0];
  const image = resource.images?.[0]?.choices[0];
  const enough = own && (!own.width || Math.max(own.width, own.height) >= side * 0.8);
  if (own && (enough || (!own.service && !image?.service)))
    return { src: own.id, width: own.width, height: own.height };
  if (image?.service)
    return sized({ ...image, width: image.width || resource.width, height: image.height || resource.height }, side);
  if (own?.service)
    return { src: `${own.service.id}/full/!${side},${side}/0/default.jpg`, width: own.width, height: own.height };
  return own ? { src: own.id, width: own.width, height: own.height } : sized(image, side);
}
