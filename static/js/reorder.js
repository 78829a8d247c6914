// Manual order. Drag a row by its grip with a mouse or a finger, press the arrow keys on the grip, or use the row's menu.
// Each sends where the row goes, and the state in which its place was read.

for (const list of all("[data-reorder]")) {
  const rows = () => all(":scope > [data-id]", list);
  const link = (row) => row.querySelector(":scope > a");
  const name = (row) => link(row).textContent;
  const place = (row) => `${rows().indexOf(row) + 1} of ${rows().length}`;

  // Moves the other rows and never the row itself, so that it keeps the focus and the pointer.
  function put(row, to) {
    const now = rows();
    const from = now.indexOf(row);
    if (to < from) row.after(...now.slice(to, from));
    else row.before(...now.slice(from + 1, to + 1));
  }

  // The tools of a row are built from the template behind the list: its grip, and a button that opens the one menu.
  const [gripMade, opener, menu] = list.nextElementSibling.content.cloneNode(true).children;
  menu.id = "move-menu";
  list.after(menu);

  function equip(row) {
    const grip = gripMade.cloneNode(true);
    grip.dataset.grip = name(row);
    grip.setAttribute("aria-label", `Order of ${name(row)}: press the arrow keys`);
    const opens = opener.cloneNode(true);
    opens.setAttribute("aria-label", `Move ${name(row)}`);
    opens.setAttribute("popovertarget", menu.id);
    row.prepend(grip);
    row.append(opens);
  }

  // Where each choice of the menu leads a row.
  function ways(row) {
    const from = rows().indexOf(row);
    return { up: from - 1, down: from + 1, top: 0, bottom: rows().length - 1 };
  }

  // Shows the list as it is stored, after somebody else moved the same row.
  async function reload() {
    const answer = await fetch(location.href);
    const stored = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-reorder]");
    list.replaceChildren(...all(":scope > [data-id]", stored));
    rows().forEach(equip);
  }

  // One request at a time for each list: a row that moves on while its place is being saved is saved again.
  let saving = null;
  let again = null;
  async function save(row, back) {
    if (saving) {
      again = { row, back };
      return;
    }
    saving = row;
    const after = row.previousElementSibling?.dataset.id ?? "";
    const seen = row.dataset.placed;
    try {
      const answer = await fetch(`${link(row).href}/move`, {
        method: "POST", body: new URLSearchParams({ after, seen: seen ?? "" }),
        headers: { Accept: "application/json" }, redirect: "manual",
      });
      if (answer.status === 409) {
        again = null;
        await reload();
        say(`${name(row)} was moved elsewhere meanwhile. This is the current order. Your move wasn't saved`);
      } else if (!answer.ok) {
        throw new Error(String(answer.status));
      } else {
        const now = answer.headers.get("ETag")?.replace(/^"|"$/g, "");
        if (seen && now) row.dataset.placed = now;
        if (!again) say(`${name(row)} moved. Now ${place(row)}`, true);
      }
    } catch {
      again = null;
      back();
      say("The order couldn't be saved. Nothing was moved");
    }
    saving = null;
    if (again) {
      const next = again;
      again = null;
      save(next.row, next.back);
    }
  }

  // Announces a line, and shows it above the list unless everybody can see its effect.
  function say(text, plain = false) {
    announce(text);
    list.previousElementSibling?.matches("[data-moved]") && list.previousElementSibling.remove();
    if (plain) return;
    const line = Object.assign(document.createElement("p"), { className: "notice", textContent: text + "." });
    line.dataset.tone = "warn";
    line.dataset.moved = "";
    list.before(line);
  }

  function backTo(row) {
    const from = rows().indexOf(row);
    return () => put(row, from);
  }

  let chosen = null; // the row that the menu was opened for

  list.addEventListener("click", (event) => {
    const row = event.target.closest("[popovertarget]")?.closest("[data-id]");
    if (!row) return;
    chosen = row;
    for (const button of all("[data-way]", menu)) {
      const to = ways(row)[button.dataset.way];
      button.disabled = to === rows().indexOf(row) || !rows()[to];
    }
  });

  menu.addEventListener("click", (event) => {
    const way = event.target.closest("[data-way]")?.dataset.way;
    if (!way) return;
    const back = backTo(chosen);
    put(chosen, ways(chosen)[way]);
    menu.hidePopover();
    save(chosen, back);
  });

  list.addEventListener("keydown", (event) => {
    if (!event.target.matches("[data-grip]") || event.altKey || event.ctrlKey || event.metaKey) return;
    const row = event.target.closest("[data-id]");
    const from = rows().indexOf(row);
    const last = rows().length - 1;
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, PageUp: from - 10, PageDown: from + 10, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = Math.min(Math.max(to, 0), last);
    if (target === from) {
      announce(`${name(row)} is ${from ? "last" : "first"}`);
      return;
    }
    const back = backTo(row);
    put(row, target);
    row.scrollIntoView({ block: "nearest" });
    save(row, back);
  });

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button || !event.isPrimary) return;
    event.preventDefault();
    grip.focus({ focusVisible: false });
    drag(grip.closest("[data-id]"), event.pointerId, event.clientY);
  });

  function drag(row, pointer, start) {
    const back = backTo(row);
    const before = rows().indexOf(row);
    const over = new AbortController();
    let y = start;
    row.dataset.dragging = "";
    const on = (type, does) => addEventListener(type, does, { signal: over.signal });
    const end = (keep) => {
      over.abort();
      delete row.dataset.dragging;
      if (!keep) back();
      else if (rows().indexOf(row) !== before) save(row, back);
    };
    on("pointermove", (event) => {
      if (event.pointerId !== pointer) return;
      y = event.clientY;
      follow(row, y);
    });
    on("pointerup", (event) => event.pointerId === pointer && end(true));
    on("pointercancel", (event) => event.pointerId === pointer && end(false));
    on("keydown", (event) => event.key === "Escape" && end(false));
    // Near an edge of the window the page scrolls along.
    const scroll = () => {
      if (over.signal.aborted) return;
      const by = y < 64 ? -10 : y > innerHeight - 64 ? 10 : 0;
      if (by) {
        scrollBy(0, by);
        follow(row, y);
      }
      requestAnimationFrame(scroll);
    };
    requestAnimationFrame(scroll);
  }

  function follow(row, y) {
    const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
    const to = rows().filter((other) => other !== row && middle(other) < y).length;
    if (to !== rows().indexOf(row)) put(row, to);
  }

  rows().forEach(equip);
}
