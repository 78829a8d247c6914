// The upload list: drop or choose files, see their progress, pause, resume and retry.

const root = document.querySelector("[data-upload]");
const drop = root.querySelector(".drop");
const input = root.querySelector("input[type=file]");
const list = root.querySelector("[data-uploads]");
const template = root.querySelector("template[data-upload-row]");
const atOnce = 2;
const transfers = [];

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

function size(bytes) {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  if (bytes < 1e9) return `${number.format(bytes / 1e6)} MB`;
  return `${number.format(bytes / 1e9)} GB`;
}

function left(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min left`;
  return `${number.format(seconds / 3600)} h left`;
}

function line(t) {
  const total = t.file.size;
  switch (t.state) {
    case "waiting": return [size(total), "waiting"];
    case "sending": {
      const now = [`${size(t.sent)} of ${size(total)}`];
      if (t.speed > 0) now.push(`${size(t.speed)}/s`, left((total - t.sent) / t.speed));
      return now;
    }
    case "retrying": return [`${size(t.sent)} of ${size(total)}`, t.problem || "no connection, retrying"];
    case "paused": return [`${size(t.sent)} of ${size(total)}`, "paused"];
    case "checking": return [size(total), "checking"];
    case "done": return [size(total), "uploaded"];
    default: return [t.problem];
  }
}

function draw(t) {
  const { row } = t;
  row.dataset.state = t.state;
  const bar = row.querySelector("progress");
  bar.value = t.file.size ? (t.sent / t.file.size) * 100 : 100;
  row.querySelector("[data-words]").replaceChildren(...line(t).map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  const acts = {
    pause: ["sending", "retrying"],
    resume: ["paused"],
    retry: ["failed"],
    remove: ["waiting", "paused", "retrying", "failed", "done"],
  };
  for (const [act, states] of Object.entries(acts)) row.querySelector(`[data-act=${act}]`).hidden = !states.includes(t.state);
  if (t.state !== t.told && ["done", "failed", "paused", "retrying"].includes(t.state)) {
    announce(`${t.file.name}: ${line(t).at(-1)}`);
  }
  t.told = t.state;
}

function next() {
  const busy = transfers.filter((t) => ["sending", "retrying", "checking"].includes(t.state)).length;
  const waiting = transfers.filter((t) => t.state === "waiting").slice(0, Math.max(0, atOnce - busy));
  for (const t of waiting) t.run().then(next);
  if (busy || waiting.length) return;
  if (publishing) {
    publishing.submit();
    return;
  }
  // All transfers have ended. Reload, so that the page shows the new files.
  if (transfers.length && transfers.every((t) => t.state === "done")) location.reload();
}

// Takes files with the folders that they were dropped in.
function add(found) {
  for (const { file, folder } of found) {
    const row = template.content.firstElementChild.cloneNode(true);
    const name = row.querySelector("[data-name]");
    name.textContent = name.title = folder ? `${folder}/${file.name}` : file.name;
    row.querySelector("progress").setAttribute("aria-label", `Upload of ${file.name}`);
    for (const button of all("[data-act]", row)) button.setAttribute("aria-label", `${button.title}: ${file.name}`);
    const t = new Transfer(file, folder, root.dataset.create, draw);
    t.row = row;
    transfers.push(t);
    list.append(row);
    list.hidden = false;
    row.addEventListener("click", (event) => act(t, event.target.closest("[data-act]")?.dataset.act));
    preview(t);
    if (file.size > Number(root.dataset.max)) t.set("failed", `This file is ${size(file.size)}. The limit is ${size(Number(root.dataset.max))} per file.`);
    else draw(t);
  }
  next();
}

function act(t, name) {
  if (name === "pause") t.pause();
  if (name === "resume" || name === "retry") t.set("waiting");
  if (name === "remove") {
    t.forget();
    transfers.splice(transfers.indexOf(t), 1);
    t.row.remove();
    list.hidden = transfers.length === 0;
  }
  if (name) next();
}

// A thumbnail drawn locally, so that the content security policy needs no exception.
async function preview(t) {
  if (!t.file.type.startsWith("image/") || t.file.size > 30e6) return;
  try {
    const bitmap = await createImageBitmap(t.file, { resizeWidth: 144, resizeQuality: "medium" });
    const canvas = Object.assign(document.createElement("canvas"), { width: bitmap.width, height: bitmap.height });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    t.row.querySelector("[data-thumb]").replaceChildren(canvas);
  } catch {
    // Not every image can be drawn. Keep the icon.
  }
}

// Publishing waits until the uploads of this page have ended. What is missing then, the server says.
let publishing = null;
for (const form of all("form[data-publish]")) {
  const words = form.querySelector("[data-publish-waits]");
  form.addEventListener("submit", (event) => {
    const coming = transfers.filter((t) => ["waiting", "sending", "retrying", "checking"].includes(t.state));
    if (!coming.length) return;
    event.preventDefault();
    publishing = form;
    words.hidden = false;
    words.textContent = `Waiting for ${coming.map((t) => t.file.name).join(", ")} to finish uploading. The version is then published. Keep this page open.`;
  });
  form.closest("dialog")?.addEventListener("close", () => {
    publishing = null;
    words.hidden = true;
  });
}

// What systems leave in folders, and nobody means to send.
const litter = /^(\.DS_Store|\._.*|Thumbs\.db|desktop\.ini)$/i;

// Walks a dropped file or folder, and adds its files with their paths to found.
async function walk(entry, folder, found) {
  if (!entry || found.length > most) return;
  if (entry instanceof File) {
    found.push({ file: entry, folder });
  } else if (entry.isFile) {
    if (folder && litter.test(entry.name)) return;
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), folder });
  } else {
    const reader = entry.createReader();
    for (;;) {
      // It gives about a hundred at a time, and none at the end.
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const inside of some) await walk(inside, folder ? `${folder}/${entry.name}` : entry.name, found);
    }
  }
}

const most = Number(root.dataset.limit);
const trouble = root.querySelector("[data-drop-trouble]");

// Takes everything that was dropped, or nothing and says why.
async function take(entries) {
  const found = [];
  const say = (words) => {
    trouble.textContent = words;
    trouble.hidden = !words;
    if (words) announce(words);
  };
  say("");
  try {
    for (const entry of entries) await walk(entry, "", found);
  } catch {
    return say("The folder couldn't be read. Nothing was uploaded. Try again, or put it into a ZIP archive.");
  }
  if (found.length > most) return say(`That is more than ${most} files. Nothing was uploaded. A version can have up to ${most}: put the folder into a ZIP archive.`);
  if (!found.length) return say("There are no files in it. Nothing was uploaded.");
  add(found);
}

if (crypto.subtle) {
  drop.dataset.live = "";
  root.querySelector("[data-drop-words]").hidden = false;
  root.querySelector("[data-drop-send]").hidden = true;
  const chosen = () => {
    add([...input.files].map((file) => ({ file, folder: "" })));
    input.value = "";
  };
  input.addEventListener("change", chosen);
  if (input.files.length) chosen(); // before the script ran

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const over = (is) => document.body.toggleAttribute("data-dragover", is);
  addEventListener("dragenter", (event) => carriesFiles(event) && over(++depth > 0));
  addEventListener("dragleave", (event) => carriesFiles(event) && over(--depth > 0));
  addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    over((depth = 0) > 0);
    // The entries must be taken before the event ends.
    const entries = [...event.dataTransfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
    take(entries);
  });

  addEventListener("beforeunload", (event) => {
    if (transfers.some((t) => ["sending", "retrying", "checking"].includes(t.state))) event.preventDefault();
  });
}
