// SPDX-License-Identifier: Apache-2.0
// images.json: [{"id": "IDENTIFIER, encoded", "title": "...", "about": "..."}]
"use strict";

const chooser = document.getElementById("image");
const status = document.getElementById("status");
const viewer = OpenSeadragon({
  element: document.getElementById("viewer"),
  prefixUrl: "openseadragon/images/",
  showNavigator: true,
  navigatorBackground: "#14161a",
  maxZoomPixelRatio: 2,
  // So that tests and the curious can read a picture's pixels.
  crossOriginPolicy: "Anonymous",
});

function show(image) {
  const id = `iiif/3/${image.id}`;
  status.textContent = image.about;
  document.getElementById("info").href = `${id}/info.json`;
  document.getElementById("whole").href = `${id}/full/!1200,1200/0/default.jpg`;
  document.title = `${image.title} – zoom`;
  viewer.open(`${id}/info.json`);
}

viewer.addHandler("open-failed", (event) => { status.textContent = `This image cannot be opened: ${event.message}`; });

fetch("images.json").then((answer) => answer.json()).then((images) => {
  if (images.length === 0) {
    status.textContent = "There is no image in this folder.";
    return;
  }
  for (const image of images) chooser.add(new Option(image.title, image.id));
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = images.find((image) => image.id === wanted) ?? images[0];
  chooser.value = first.id;
  chooser.addEventListener("change", () => {
    const image = images.find((one) => one.id === chooser.value);
    history.replaceState(null, "", `#${encodeURIComponent(image.id)}`);
    show(image);
  });
  show(first);
});

window.viewer = viewer;
