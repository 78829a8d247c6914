// Shared functions of all scripts.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const announcer = document.querySelector("[data-announcer]");

// Announces a line to screen readers only.
function announce(text) {
  if (!announcer) return;
  announcer.textContent = "";
  // Repeating the same line is not a change, so empty the element first.
  setTimeout(() => (announcer.textContent = text), 60);
}

const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;

// Browsers abort the transition between two pages when a page is already shown, and report it as an uncaught error.
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof DOMException && /^transition was/i.test(event.reason.message)) event.preventDefault();
});
