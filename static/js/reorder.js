// Manual order: drag a row by its grip, or use Move up and Move down in its menu. Both send the row's new position.

for (const list of all("[data-reorder]")) {
  const rows = () => all(":scope > [data-id]", list);
  const form = (row) => row.querySelector("form[data-move]");

  function renew() {
    const now = rows();
    now.forEach((row, i) => {
      const [up, down] = all("button[name=after]", form(row));
      up.value = now[i - 2]?.dataset.id ?? "";
      up.disabled = i === 0;
      down.value = now[i + 1]?.dataset.id ?? "";
      down.disabled = i === now.length - 1;
    });
  }

  async function save(row, back) {
    renew();
    const after = row.previousElementSibling?.dataset.id ?? "";
    try {
      const answer = await fetch(form(row).action, {
        method: "POST", body: new URLSearchParams({ after }), headers: { Accept: "application/json" }, redirect: "manual",
      });
      if (!answer.ok && answer.type !== "opaqueredirect") throw new Error(String(answer.status));
      announce(`Moved. Now ${rows().indexOf(row) + 1} of ${rows().length}`);
    } catch {
      back();
      renew();
      announce("The order couldn't be saved. Nothing was moved");
    }
  }

  function backTo(row) {
    const follower = row.nextElementSibling;
    return () => list.insertBefore(row, follower);
  }

  list.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-move]") || !event.submitter) return;
    event.preventDefault();
    const row = event.target.closest("[data-id]");
    const back = backTo(row);
    const after = event.submitter.value;
    const target = after ? rows().find((other) => other.dataset.id === after) : null;
    if (target) target.after(row);
    else list.prepend(row);
    save(row, back);
  });

  for (const grip of all("[data-grip]", list)) {
    grip.hidden = !matchMedia("(pointer: fine)").matches;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      const row = grip.closest("[data-id]");
      const back = backTo(row);
      const before = rows().indexOf(row);
      row.dataset.dragging = "";
      grip.setPointerCapture(event.pointerId);
      grip.onpointermove = (move) => follow(row, move.clientY);
      grip.onpointerup = grip.onpointercancel = (end) => {
        grip.onpointermove = grip.onpointerup = grip.onpointercancel = null;
        delete row.dataset.dragging;
        if (end.type === "pointercancel") back();
        else if (rows().indexOf(row) !== before) save(row, back);
      };
    });
  }

  function follow(row, y) {
    const middle = (other) => other.getBoundingClientRect().top + other.offsetHeight / 2;
    const above = row.previousElementSibling;
    const below = row.nextElementSibling;
    if (above?.dataset.id && y < middle(above)) list.insertBefore(row, above);
    else if (below?.dataset.id && y > middle(below)) list.insertBefore(below, row);
  }
}
