// SPDX-License-Identifier: Apache-2.0
// The languages that the pages speak.
import cy from "./strings/cy.js";
import de from "./strings/de.js";
import en from "./strings/en.js";
import es from "./strings/es.js";
import fr from "./strings/fr.js";

export const NAMES = { en: "English", cy: "Cymraeg", de: "Deutsch", fr: "Français", es: "Español" };

export const STRINGS = { en, cy, de, fr, es };
