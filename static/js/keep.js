// Keeps what a person typed until it is saved, in this browser only.
//
// A form is kept when it is sent. If the answer is a page of the workspace after a redirect, it was saved and is
// forgotten. If the answer is a refusal or the sign-in page, the same form is filled again when the person is back.
// Another person of this browser never gets it: their first page deletes it, and so does signing out.

const prefix = "portico.typed ";
const sentKey = "portico.sent";
const keptFor = 24 * 60 * 60 * 1000;
const { keeper } = document.body.dataset;

// A browser may forbid storage or have no room left. Then nothing is kept, and forms work as without this script.
function quietly(act) {
  try {
    return act();
  } catch {
    return undefined;
  }
}

const keptKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
const keyOf = (form) => prefix + new URL(form.action).pathname;

function readKept(key) {
  const kept = quietly(() => JSON.parse(localStorage.getItem(key)));
  return Array.isArray(kept?.fields) ? kept : undefined;
}

// Fields that a person fills in. Not passwords, codes, files, confirmations, nor what the page itself put in, except
// what it read: a form that is sent later must say what it was read from.
function isKept(field) {
  if (!field.name || field.disabled || field.matches("[data-code], [autocomplete=one-time-code]")) return false;
  if (field.type === "checkbox" && field.required) return false;
  if (field.type === "hidden") return field.dataset.keep !== undefined || field.name === "seen";
  return !["password", "file", "submit", "button", "reset", "image"].includes(field.type) && field.tagName !== "BUTTON";
}

const isTicked = (field) => field.type === "checkbox" || field.type === "radio";

// A step of a longer form is answered by the next one with its text, so that nothing is left to give back.
function keep(form, step) {
  const fields = [...form.elements].filter(isKept);
  if (!fields.some((field) => field.type !== "hidden" && field.value !== "")) return;
  const values = fields.map((field) => [field.name, field.value, isTicked(field) ? field.checked : null]);
  quietly(() => {
    localStorage.setItem(keyOf(form), JSON.stringify({ keeper, step, at: Date.now(), fields: values }));
    sessionStorage.setItem(sentKey, keyOf(form));
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (new URL(form.action).pathname === "/logout") quietly(() => keptKeys().forEach((key) => localStorage.removeItem(key)));
  if (!event.defaultPrevented && keeper && form.method === "post" && form.dataset.unkept === undefined) keep(form, event.submitter?.dataset.step !== undefined);
});

// Whether this page is the answer to a form that was saved: our deeds end with a redirect.
function isSaved() {
  const [navigation] = performance.getEntriesByType("navigation");
  return new URL(location).searchParams.has("did") || (navigation?.type === "navigate" && navigation.redirectCount > 0);
}

// Decides about the form that this tab sent last.
function settle() {
  const key = sessionStorage.getItem(sentKey);
  if (!key) return;
  const refused = !keeper || document.querySelector("[data-refused]");
  const shownAgain = document.querySelector("[data-focus]"); // by the server, with what was typed
  if (!refused && shownAgain) return;
  sessionStorage.removeItem(sentKey);
  const kept = readKept(key);
  if (!refused && (isSaved() || kept?.step)) localStorage.removeItem(key);
  else if (kept) localStorage.setItem(key, JSON.stringify({ ...kept, refused: true }));
}

function fill(form, kept) {
  const left = [...kept.fields];
  for (const field of [...form.elements].filter(isKept)) {
    const same = (value) => value[0] === field.name && (!isTicked(field) || value[1] === field.value);
    const at = left.findIndex(same);
    if (at < 0) continue;
    const [[, value, ticked]] = left.splice(at, 1);
    if (isTicked(field)) field.checked = ticked;
    else field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

// Says that the form holds what was typed before, and lets the person discard it.
function say(form, key) {
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.tone = "info";
  notice.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = "We restored what you typed. It isn't saved yet. ";
  const discard = document.createElement("button");
  discard.type = "button";
  discard.className = "link";
  discard.textContent = "Discard it";
  discard.addEventListener("click", () => {
    localStorage.removeItem(key);
    form.reset();
    notice.remove();
  });
  words.append(discard);
  notice.append(words);
  form.prepend(notice);
}

function giveBack() {
  if (document.querySelector("[data-focus]")) return;
  for (const form of all("form[method=post]")) {
    const kept = readKept(keyOf(form));
    if (!kept?.refused || ![...form.elements].some((field) => isKept(field) && field.type !== "hidden")) continue;
    fill(form, kept);
    say(form, keyOf(form));
    form.closest("dialog:not([open])")?.showModal();
  }
}

quietly(() => {
  for (const key of keptKeys()) {
    const kept = readKept(key);
    if (!kept || Date.now() - kept.at > keptFor || (keeper && kept.keeper !== keeper)) localStorage.removeItem(key);
  }
  settle();
  if (keeper && !document.querySelector("[data-refused]")) giveBack();
});
