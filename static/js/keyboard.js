// Keyboard shortcuts: / opens the switcher or search, g h and g p navigate, ? lists the shortcuts.

const keys = document.querySelector(".keys");
let afterG = -Infinity;

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");

document.addEventListener("keydown", (event) => {
  if (!keys || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
  const go = event.timeStamp - afterG < 1200;
  afterG = -Infinity;
  switch (event.key) {
    case "/": {
      const search = document.querySelector("[data-search]");
      const switcher = document.querySelector("[data-switcher]");
      if (!search && !switcher) return;
      event.preventDefault();
      if (switcher) switcher.click();
      else search.focus();
      return;
    }
    case "?":
      document.getElementById("keys").showModal();
      return;
    case "g":
      afterG = event.timeStamp;
      return;
    case "h":
      if (go && keys.dataset.home) location.assign(keys.dataset.home);
      return;
    case "p":
      if (go && keys.dataset.projects) location.assign(keys.dataset.projects);
  }
});
