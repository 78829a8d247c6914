// The switcher: a link to a page whose list opens here as a dialog. If anything fails, the link still works.

const link = document.querySelector("[data-switcher]");
let dialog, field, body, more = false, asked = 0;

const icon = () => {
  const name = link.querySelector("use").getAttribute("href").split("#")[0] + "#search";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", name);
  svg.append(use);
  return svg;
};

function build() {
  dialog = document.createElement("dialog");
  dialog.className = "dialog switch";
  dialog.setAttribute("aria-label", "Switch workspace");
  dialog.setAttribute("closedby", "any");
  const label = document.createElement("label");
  label.className = "switch-field";
  field = document.createElement("input");
  for (const [name, value] of Object.entries({
    type: "text", placeholder: "Switch to…", autocomplete: "off", spellcheck: "false", "aria-label": "Workspace",
    role: "combobox", "aria-expanded": "true", "aria-controls": "switch-list", "aria-autocomplete": "list",
  })) field.setAttribute(name, value);
  label.append(icon(), field);
  body = document.createElement("div");
  body.className = "switch-body";
  body.id = "switch-list";
  body.setAttribute("role", "listbox");
  body.setAttribute("aria-label", "Workspaces");
  dialog.append(label, body);
  document.body.append(dialog);
  field.addEventListener("input", () => (more || field.dataset.remote ? load(field.value) : filter()));
  field.addEventListener("keydown", steer);
}

async function load(query) {
  const mine = ++asked;
  try {
    const url = link.dataset.switcher + (query ? `?q=${encodeURIComponent(query)}` : "");
    const answer = await fetch(url, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error("no list");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    body.replaceChildren(...all("[data-switch]", page));
  } catch {
    if (mine === asked) location.assign(link.href);
    return;
  }
  more = Boolean(body.querySelector("[data-more]"));
  if (more) field.dataset.remote = "yes";
  for (const list of all("ul, li", body)) list.setAttribute("role", "presentation");
  all(".switch-item", body).forEach((item, i) => {
    item.id = `switch-${i}`;
    item.setAttribute("role", "option");
  });
  filter();
}

const shown = () => all(".switch-item", body).filter((item) => !item.parentElement.hidden);

function filter() {
  const words = field.dataset.remote ? [] : field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of all(".switch-item", body)) {
    const text = item.textContent.toLowerCase();
    item.parentElement.hidden = !words.every((word) => text.includes(word));
  }
  const items = shown();
  mark(items[0]);
  announce(items.length ? plural(items.length, "workspace", "workspaces") : "No matching workspace");
}

function mark(item) {
  for (const other of all("[data-active]", body)) {
    delete other.dataset.active;
    other.removeAttribute("aria-selected");
  }
  field.setAttribute("aria-activedescendant", item?.id ?? "");
  if (!item) return;
  item.dataset.active = "";
  item.setAttribute("aria-selected", "true");
  item.scrollIntoView({ block: "nearest" });
}

function steer(event) {
  const items = shown();
  const at = items.findIndex((item) => item.dataset.active !== undefined);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && items.length) {
    event.preventDefault();
    mark(items[(at + step + items.length) % items.length]);
  } else if (event.key === "Enter" && items[at]) {
    event.preventDefault();
    items[at].click();
  }
}

link?.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (!dialog) build();
  field.value = "";
  delete field.dataset.remote;
  dialog.showModal();
  field.focus();
  load("");
});
