// SPDX-License-Identifier: Apache-2.0
// Names of the licences and statements that `rights` usually holds; each is known by that name in every language.

const STATEMENTS = {
  InC: "In Copyright",
  "InC-OW-EU": "In Copyright – EU Orphan Work",
  "InC-EDU": "In Copyright – Educational Use Permitted",
  "InC-NC": "In Copyright – Non-Commercial Use Permitted",
  "InC-RUU": "In Copyright – Rights-holder(s) Unlocatable or Unidentifiable",
  "NoC-CR": "No Copyright – Contractual Restrictions",
  "NoC-NC": "No Copyright – Non-Commercial Use Only",
  "NoC-OKLR": "No Copyright – Other Known Legal Restrictions",
  "NoC-US": "No Copyright – United States",
  CNE: "Copyright Not Evaluated",
  UND: "Copyright Undetermined",
  NKC: "No Known Copyright",
};

// "" when the URI is of none that is known.
export function nameOfRights(uri) {
  const text = String(uri ?? "");
  let found = /^https?:\/\/creativecommons\.org\/licenses\/([a-z-]+)\/(\d\.\d)(?:\/([a-z]{2}))?/i.exec(text);
  if (found) return `CC ${found[1].toUpperCase()} ${found[2]}${found[3] ? ` ${found[3].toUpperCase()}` : ""}`;
  found = /^https?:\/\/creativecommons\.org\/publicdomain\/(zero|mark)\/(\d\.\d)/i.exec(text);
  if (found) return found[1].toLowerCase() === "zero" ? `CC0 ${found[2]}` : `Public Domain Mark ${found[2]}`;
  found = /^https?:\/\/rightsstatements\.org\/(?:vocab|page)\/([A-Za-z-]+)\//.exec(text);
  return (found && Object.hasOwn(STATEMENTS, found[1]) && STATEMENTS[found[1]]) || "";
}
