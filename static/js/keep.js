// Keeps what a person typed until it is saved, in this browser only.
//
// A form is kept when it is sent. If the answer is a page of the workspace after a redirect, it was saved and is
// forgotten. If the answer is a refusal or the sign-in page, the same form is filled again when the person is back.
// Another person of this browser never gets it: their first page deletes it, and so does every form that ends the session,
// marked data-ends-session. That also forgets which uploads were begun. What was typed
// into the other forms of the page is kept too, and what was typed before following a link marked data-keep.

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

// Everything of a person in this browser. The second prefix is that of lib/transfer.js.
const ownKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix) || key.startsWith("portico:upload:"));
const keptKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(prefix));
// The same form about another subject is another form.
const keyOf = (form) => [prefix + new URL(form.action).pathname, ...all("[data-subject]", form).map((field) => field.value)].join(" ");

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

const isTyped = (field) => field.type !== "hidden" && field.value !== "";

function store(form, fields, more) {
  const values = fields.map((field) => [field.name, field.value, isTicked(field) ? field.checked : null]);
  localStorage.setItem(keyOf(form), JSON.stringify({ keeper, at: Date.now(), fields: values, ...more }));
}

// A step of a longer form is answered by the next one with its text, so that nothing is left to give back.
function keep(form, step) {
  const fields = [...form.elements].filter(isKept);
  localStorage.removeItem(keyOf(form));
  if (!fields.some(isTyped)) return;
  store(form, fields, { step });
  sessionStorage.setItem(sentKey, keyOf(form));
}

function isChanged(field) {
  if (field.type === "hidden") return false;
  if (isTicked(field)) return field.checked !== field.defaultChecked;
  if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
  const chosen = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(0, chosen);
}

// Keeps what was typed into the forms of this page other than the one that is sent. The fields in without are given
// by the page that follows. A dialog that was closed was given up.
function keepUnsent(sent, without = new URLSearchParams()) {
  const shownAgain = sessionStorage.getItem(sentKey);
  for (const form of all("form[method=post]:not([data-unkept])")) {
    if (form === sent || (sent && keyOf(form) === keyOf(sent)) || form.closest("dialog:not([open])")) continue;
    const fields = [...form.elements].filter((field) => isKept(field) && !without.has(field.name));
    if (!fields.some(isTyped) || !(fields.some(isChanged) || keyOf(form) === shownAgain)) continue;
    store(form, fields, { refused: true });
    if (keyOf(form) === shownAgain) sessionStorage.removeItem(sentKey);
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.endsSession !== undefined) {
    quietly(() => ownKeys().forEach((key) => localStorage.removeItem(key)));
  } else if (!event.defaultPrevented && keeper && form.method === "post") {
    quietly(() => keepUnsent(form));
    if (form.dataset.unkept === undefined) quietly(() => keep(form, event.submitter?.dataset.step !== undefined));
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-keep]");
  if (link && keeper) quietly(() => keepUnsent(null, new URL(link.href).searchParams));
  // Whoever cancels gives up what they typed.
  const cancel = event.target.closest?.("a[data-discard]");
  if (cancel) quietly(() => {
    localStorage.removeItem(sessionStorage.getItem(sentKey));
    if (cancel.closest("form")) localStorage.removeItem(keyOf(cancel.closest("form")));
  });
});

// So does whoever closes a dialog. The event doesn't bubble.
document.addEventListener("close", (event) => quietly(() => all("form", event.target).forEach((form) => localStorage.removeItem(keyOf(form)))), true);

// Whether this page is the answer to a form that was saved: our deeds end with a redirect, or the page says so.
function isSaved() {
  const [navigation] = performance.getEntriesByType("navigation");
  return new URL(location).searchParams.has("did") || document.querySelector("[data-saved]") !== null || (navigation?.type === "navigate" && navigation.redirectCount > 0);
}

// Decides about the form that this tab sent last.
function settle() {
  const key = sessionStorage.getItem(sentKey);
  if (!key) return;
  const refused = !keeper || document.querySelector("[data-refused]");
  const shownAgain = document.querySelector("[data-focus]"); // by the server, with what was typed
  if (!refused && shownAgain && !isSaved()) return;
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
    form.closest("details")?.setAttribute("open", "");
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
