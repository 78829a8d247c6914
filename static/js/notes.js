// Notes: pointing at the picture places a pin for a new note, the composer takes the moment of a recording, and keys
// lead through the notes: c writes one, j and k go to the next and the one before, p hides the pins, i and o are the
// start and the end of a span, comma and full stop step by a frame.

const composer = document.querySelector("[data-composer]");
const picture = document.querySelector(".stage-picture");
const player = document.querySelector(".stage :is(video, audio)");
const list = all("[data-note]");

function write() {
  if (!composer) return;
  composer.open = true;
  composer.scrollIntoView({ block: "nearest" });
  composer.querySelector("textarea").focus({ preventScroll: true });
}

// Whoever decides is told of a note that isn't saved, and can go back to it.
for (const link of all("[data-dialog]")) {
  link.addEventListener("click", () => {
    for (const notice of all("[data-unsaved]")) notice.hidden = !composer?.querySelector("textarea").value.trim();
  });
}
for (const button of all("[data-write]")) {
  button.addEventListener("click", () => {
    button.closest("dialog").close();
    write();
  });
}

if (composer && picture) {
  const form = composer.querySelector("form");
  const fields = form.elements;
  const field = (name) => fields.namedItem(name);
  const image = picture.querySelector("img");
  const pins = picture.querySelector("[data-pins]");
  const shown = field("shown").value;
  picture.dataset.live = "";
  composer.addEventListener("toggle", () => composer.open || delete composer.dataset.sheet);
  for (const hint of all("[data-tap]")) hint.hidden = false;
  composer.dataset.live = "";

  const make = (name, attributes, ...inside) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const one of Object.entries(attributes)) made.setAttribute(...one);
    made.append(...inside);
    return made;
  };

  // A place in 1/10,000 of the picture.
  const within = (part, whole) => Math.round(Math.min(1, Math.max(0, part / whole)) * 10000);
  function placeAt(event) {
    const box = image.getBoundingClientRect();
    return { x: within(event.clientX - box.left, box.width), y: within(event.clientY - box.top, box.height) };
  }

  const cell = ({ x, y }) => "ABCD"[Math.min(3, Math.floor(x / 2500))] + (Math.min(3, Math.floor(y / 2500)) + 1);

  // What is drawn: a line through points, or an arrow or a box from the first point to the second.
  let strokes = [];
  const part = (n) => `${n / 100}%`;
  const rect = ({ x, y, w, h }) => make("rect", { x: part(x), y: part(y), width: part(w), height: part(h) });
  const between = (x, y, x2, y2) => ({ x: Math.min(x, x2), y: Math.min(y, y2), w: Math.abs(x2 - x), h: Math.abs(y2 - y) });
  function drawn({ kind, points }) {
    if (kind === "box") return rect(between(...points));
    const [x1, y1, x2, y2] = points.map(part);
    if (kind === "arrow") return make("line", { x1, y1, x2, y2, "marker-end": "url(#arrow-head)" });
    return make("svg", { viewBox: "0 0 10000 10000", preserveAspectRatio: "none" }, make("path", { d: `M${points.join(" ")}` }));
  }

  // The pin and the drawing are shown before the note is saved.
  const lift = () => pins.querySelector(".pin-new")?.remove();
  function draw({ x, y, w, h }) {
    lift();
    const pin = make("g", { class: "pin pin-new" }, ...(w ? [rect({ x, y, w, h })] : []), make("g", { class: "drawn" }, ...strokes.map(drawn)));
    pin.append(make("svg", { x: part(x), y: part(y), overflow: "visible" }, make("circle", { r: 14 }), make("text", { dy: "0.35em" }, "+")));
    pins.append(pin);
  }

  // Chooses the place of the pin, which only a script offers.
  function choose(at) {
    const choice = field("place");
    let pin = choice.querySelector("[value=pin]");
    if (!pin) {
      pin = new Option("", "pin");
      choice.append(pin);
    }
    pin.textContent = `${at.w ? "A box" : "The pin"} in ${cell(at)}`;
    choice.value = "pin";
  }

  function mark(at) {
    choose(at);
    field("file").value = shown;
    if (picture.dataset.at) field("page").value = picture.dataset.at;
    for (const name of ["x", "y", "w", "h"]) field(name).value = at[name] ?? "";
    draw(at);
    // On a phone the form lies below the picture, which stays in sight.
    composer.dataset.sheet = "";
    composer.open = true;
  }

  function place(at) {
    mark(at);
    announce(`Pin placed in ${cell(at)}`);
    write();
    if (innerWidth <= 760) scrollBy(0, picture.querySelector(".pin-new circle").getBoundingClientRect().top - innerHeight / 4);
  }

  // After a refusal, or with a text that was kept, the pin is there again. It goes when another place is chosen.
  function redraw() {
    const choice = field("place");
    const [x, y, w, h] = ["x", "y", "w", "h"].map((name) => Number(field(name).value));
    if (field("x").value !== "" && (choice.value === "pin" || choice.selectedIndex < 0)) {
      choose({ x, y, w, h });
      if (field("file").value === shown) return draw({ x, y, w, h });
    }
    lift();
  }
  // A drawing begins where its note has its pin, if it has none yet.
  function drew() {
    field("drawing").value = strokes.length ? JSON.stringify(strokes) : "";
    if (field("place").value === "pin") redraw();
    else if (strokes.length) mark({ x: strokes[0].points[0], y: strokes[0].points[1] });
  }
  if (field("place")) {
    strokes = JSON.parse(field("drawing").value || "[]");
    field("place").addEventListener("change", redraw);
    form.addEventListener("reset", () => setTimeout(() => {
      strokes = [];
      drew();
      redraw();
    }));
    redraw();

    for (const row of all("[data-tools]")) {
      row.hidden = false;
      row.addEventListener("click", ({ target }) => {
        const { tool, undo } = target.dataset;
        if (undo) {
          strokes.splice(undo === "all" ? 0 : -1);
          if (undo === "all") field("place").value = field("x").value = ""; // the next stroke places the pin anew
          drew();
          redraw();
        } else if (tool !== undefined) {
          picture.dataset.tool = tool;
          for (const one of all("[data-tool]", row)) one.ariaPressed = one === target;
        }
      });
    }

    // A mouse that moves while it is pressed draws a box; a tap or a click places a point. With a tool, all draw.
    let start;
    let stroke;
    let boxed = false;
    image.draggable = false;
    image.closest("a")?.setAttribute("draggable", "false");
    picture.addEventListener("pointerdown", (event) => {
      boxed = false;
      const kind = picture.dataset.tool;
      start = event.button === 0 && (kind || event.pointerType === "mouse") && !event.target.closest("a.pin") ? placeAt(event) : undefined;
      stroke = start && kind && event.isPrimary ? { kind, points: [start.x, start.y] } : undefined;
      if (stroke) picture.setPointerCapture(event.pointerId);
    });
    const far = ({ w, h }) => w > 100 && h > 100;
    picture.addEventListener("pointermove", (event) => {
      if (!start || !(event.buttons & 1)) return;
      const { x, y } = placeAt(event);
      const box = between(start.x, start.y, x, y);
      if (!stroke) return far(box) && draw(box);
      const { points } = stroke;
      const [lastX, lastY] = points.slice(-2);
      if (Math.hypot(x - lastX, y - lastY) < 40 || strokes.length > 99 || JSON.stringify(strokes).length > 8100) return;
      if (points.length === 2) strokes.push(stroke);
      if (stroke.kind !== "pen") points.length = 2;
      points.push(x, y);
      drew();
    });
    picture.addEventListener("pointerup", (event) => {
      if (!start) return;
      const { x, y } = placeAt(event);
      const box = between(start.x, start.y, x, y);
      boxed = stroke ? stroke.points.length > 2 : far(box);
      if (boxed && !stroke) place(box);
      start = stroke = undefined;
    });
    picture.addEventListener("click", (event) => {
      if (event.target.closest("a.pin") || event.ctrlKey || event.metaKey || event.shiftKey || event.detail === 0) return;
      event.preventDefault();
      if (!boxed) place(placeAt(event));
      boxed = false;
    });
  }
}

if (player) {
  const two = (n) => String(Math.floor(n)).padStart(2, "0");
  // The time of the player: 0:12.480.
  function moment() {
    const ms = Math.round(player.currentTime * 1000);
    return `${Math.floor(ms / 60000)}:${two(ms / 1000 % 60)}.${String(ms % 1000).padStart(3, "0")}`;
  }
  const field = (name) => composer?.querySelector(`[name=${name}]`);
  const set = (name) => {
    if (field(name)) field(name).value = moment();
  };
  composer?.addEventListener("toggle", () => {
    if (composer.open && field("time") && !field("time").value && player.currentTime > 0) field("time").value = moment();
  });
  for (const button of all("[data-set]")) {
    button.hidden = false;
    button.addEventListener("click", () => set(button.dataset.set));
  }

  // The timecode of the frame. Some leave out numbers to keep up with the clock.
  const clock = document.querySelector("[data-clock]");
  const [num, den] = (clock?.dataset.rate ?? "0/1").split("/").map(Number);
  const whole = Math.round(num / den);
  const drops = Number(clock?.dataset.drops);
  const frame = () => Math.floor((player.currentTime + 0.0005) * num / den);
  function timecode(n) {
    const tens = Math.floor(n / (whole * 600 - drops * 9));
    const rest = n % (whole * 600 - drops * 9);
    n += drops * (9 * tens + Math.max(0, Math.floor((rest - drops) / (whole * 60 - drops))));
    const s = Math.floor(n / whole);
    return [s / 3600 % 24, s / 60 % 60, s % 60].map(two).join(":") + (drops ? ";" : ":") + two(n % whole);
  }
  if (whole) {
    const length = clock.textContent;
    player.addEventListener("timeupdate", () => { clock.textContent = `${timecode(Number(clock.dataset.from) + frame())} / ${length}`; });
  }

  // i and o set the span, comma and full stop step by a frame.
  document.addEventListener("keydown", (event) => {
    if (!plain(event)) return;
    const by = { ",": -1, ".": 1 }[event.key];
    if (by && whole) {
      player.pause();
      player.currentTime = Math.max(0, (frame() + by + 0.5) * den / num);
    } else if (event.key === "i" || event.key === "o") set(event.key === "i" ? "time" : "until");
  });
  for (const link of all("[data-seek]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      player.currentTime = Number(new URL(link.href).searchParams.get("t"));
      player.scrollIntoView({ block: "center" });
    });
  }
}

// The cursor goes to the field of a form that is opened.
for (const summary of all(".notes summary")) {
  summary.addEventListener("click", () => setTimeout(() => summary.parentElement.open && summary.parentElement.querySelector("textarea")?.focus()));
}

// The button of a reply names who gets it.
for (const button of all("[data-to-client]")) {
  const name = () => (button.textContent = button.form.elements.visibility.value === "client" ? button.dataset.toClient : "Reply to team");
  button.form.addEventListener("input", name);
  name();
}

// Leads to a note so that its pin lights up too, without adding to the history.
function go(by) {
  const at = list.findIndex((note) => note.contains(document.activeElement) || `#${note.id}` === location.hash);
  const next = at < 0 ? list.at(by > 0 ? 0 : -1) : list[at + by];
  if (!next) return;
  location.replace(`#${next.id}`);
  next.focus();
}

// Says whether a key is a command, and not text or a shortcut of the browser.
function plain(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
  return !event.target.closest?.("input, textarea, select, [contenteditable]") && !document.querySelector("dialog[open]");
}

let afterG = -Infinity;
document.addEventListener("keydown", (event) => {
  if (!plain(event)) return;
  const combined = event.timeStamp - afterG < 1200; // g p leads elsewhere
  afterG = event.key === "g" ? event.timeStamp : -Infinity;
  if (combined) return;
  if (event.key === "c" && composer) {
    event.preventDefault(); // or it would be typed
    write();
  } else if (event.key === "j" || event.key === "k") {
    go(event.key === "j" ? 1 : -1);
  } else if (event.key === "p" && picture) {
    picture.toggleAttribute("data-pins-hidden");
  }
});

// A pin lights up with its note, and a note with its pin.
const partner = (name) => document.getElementById(name.startsWith("pin-") ? name.replace("pin-", "note-") : name.replace("note-", "pin-"));
for (const one of [...list, ...all("a.pin")]) {
  const lit = (on) => () => partner(one.id)?.toggleAttribute("data-lit", on);
  for (const name of ["pointerenter", "focusin"]) one.addEventListener(name, lit(true));
  for (const name of ["pointerleave", "focusout"]) one.addEventListener(name, lit(false));
}
function pair() {
  for (const one of all("[data-paired]")) one.removeAttribute("data-paired");
  if (/^#(pin|note)-t?\d+$/.test(location.hash)) partner(location.hash.slice(1))?.setAttribute("data-paired", "");
}
addEventListener("hashchange", pair);
pair();
