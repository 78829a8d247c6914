// What every script of a page may use.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const announcer = document.querySelector("[data-announcer]");

// Says a line to people who hear the page, and to nobody else.
function announce(text) {
  if (!announcer) return;
  announcer.textContent = "";
  // The same line twice is not a change; emptying first makes it one.
  setTimeout(() => (announcer.textContent = text), 60);
}

const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;
