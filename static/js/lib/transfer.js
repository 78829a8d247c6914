// One upload: create, parts in order, finish. A transfer can be paused and survives a lost connection. It resumes after a
// reload if the same file is chosen again, because the server keeps the parts.

const memory = "portico:upload:";
const pauses = [1, 2, 4, 8, 15, 30];

class Refused extends Error {}

const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

const words = {
  401: "You are signed out. Sign in again, then choose the file once more.",
  402: "The plan is full. This file is larger than the storage that is left.",
  403: "You can't add files here.",
  404: "This version can't be found. Reload the page.",
  409: "This version has been published, so you can't add files to it.",
  // Our own refusal has a message. This one is a proxy's.
  413: "A server on the way accepts only small uploads. Tell whoever runs this portal.",
  415: "This type of file isn't supported.",
};

// The keys of this page's transfers. Two folders may have files of the same name, size and age: each is a file of its own.
const takenKeys = new Set();

class Transfer {
  constructor(file, folder, create, changed) {
    Object.assign(this, { file, folder, create, changed, sent: 0, speed: 0, state: "waiting", problem: "" });
    const key = `${memory}${create}:${folder ? folder + "/" : ""}${file.name}:${file.size}:${file.lastModified}`;
    this.key = key;
    for (let n = 2; takenKeys.has(this.key); n++) this.key = `${key}:${n}`;
    takenKeys.add(this.key);
  }

  set(state, problem = "") {
    this.state = state;
    this.problem = problem;
    this.changed(this);
  }

  async run() {
    this.stopped = false;
    this.set("sending");
    try {
      const there = await this.begin();
      if (there !== "ready") {
        await this.sendParts(there);
        this.set("checking");
        this.result = await this.ask(this.plan.finish, { method: "POST" });
      }
      localStorage.removeItem(this.key);
      this.sent = this.file.size;
      this.set("done");
    } catch (problem) {
      if (this.stopped) return;
      this.set("failed", problem instanceof Refused ? problem.message : problem.words || "The upload failed. Check your connection and try again.");
    }
  }

  pause() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
    this.set("paused");
  }

  // Cancels the upload. Without this the server would remove the parts later.
  forget() {
    this.stopped = true;
    this.request?.abort();
    this.wake?.();
    localStorage.removeItem(this.key);
    takenKeys.delete(this.key);
    if (this.plan && this.state !== "done") fetch(this.plan.status, { method: "DELETE", headers: { Accept: "application/json" } }).catch(() => {});
  }

  // Resumes the upload of this file or starts a new one. Returns the stored parts, or "ready".
  async begin() {
    const known = this.plan ?? JSON.parse(localStorage.getItem(this.key) ?? "null");
    if (known) {
      try {
        const status = await this.ask(known.status);
        this.plan = known;
        if (status.state === "ready") return "ready";
        if (status.state !== "failed") return new Map((status.parts ?? []).map((part) => [part.n, part.size]));
      } catch (problem) {
        // If the server no longer knows the upload, start a new one. Any other error is real.
        if (!(problem instanceof Refused) || ![404, 410].includes(problem.status)) throw problem;
      }
    }
    const { name, size, type } = this.file;
    await read(this.file.slice(0, 1)); // before anything is made
    this.plan = await this.ask(this.create, { method: "POST", body: JSON.stringify({ name, folder: this.folder, size, type }) });
    localStorage.setItem(this.key, JSON.stringify(this.plan));
    return new Map();
  }

  async sendParts(there) {
    const size = this.plan.part_size;
    const count = Math.max(1, Math.ceil(this.file.size / size));
    for (let n = 1; n <= count; n++) {
      const part = this.file.slice((n - 1) * size, n * size);
      if (there.get(n) !== part.size) await this.sendPart(n, part, (n - 1) * size);
      this.sent = Math.min(n * size, this.file.size);
      this.changed(this);
    }
  }

  async sendPart(n, part, offset) {
    const bytes = await read(part);
    const digest = base64(await crypto.subtle.digest("SHA-256", bytes));
    await this.patiently(() => this.put(this.plan.put.replace("{n}", n), bytes, digest, offset));
  }

  put(url, bytes, digest, offset) {
    return new Promise((resolve, reject) => {
      const request = (this.request = new XMLHttpRequest());
      let last = performance.now(), before = 0;
      request.upload.onprogress = (event) => {
        const now = performance.now();
        if (now - last > 200) {
          const speed = ((event.loaded - before) / (now - last)) * 1000;
          this.speed = this.speed ? this.speed * 0.8 + speed * 0.2 : speed;
          [last, before] = [now, event.loaded];
        }
        this.sent = offset + event.loaded;
        this.changed(this);
      };
      request.onload = () => (request.status < 300 ? resolve() : reject(refusal(request.status, request.responseText, request.getResponseHeader("Retry-After"))));
      request.onerror = request.ontimeout = request.onabort = () => reject(new Error("no answer"));
      request.open("PUT", url);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("Content-Digest", `sha-256=:${digest}:`);
      request.send(bytes);
    });
  }

  ask(url, options = {}) {
    return this.patiently(async () => {
      const headers = { Accept: "application/json" };
      if (options.body) headers["Content-Type"] = "application/json";
      const answer = await fetch(url, { ...options, headers });
      const text = await answer.text();
      if (!answer.ok) throw refusal(answer.status, text, answer.headers.get("Retry-After"));
      return text ? JSON.parse(text) : {};
    });
  }

  // Retries temporary errors with growing pauses.
  async patiently(act) {
    for (let n = 0; ; n++) {
      if (this.stopped) throw new Error("stopped");
      try {
        return await act();
      } catch (problem) {
        if (this.stopped || problem instanceof Refused || n >= pauses.length) throw problem;
        this.set("retrying", problem.words);
        await this.wait((problem.after ?? pauses[n]) * 1000);
        if (!this.stopped) this.set("sending");
      }
    }
  }

  // Waits. Ends early if the connection is back or the person cancels.
  wait(milliseconds) {
    return new Promise((resolve) => {
      this.wake = resolve;
      setTimeout(resolve, milliseconds);
      addEventListener("online", resolve, { once: true });
    });
  }
}

async function read(part) {
  try {
    return await part.arrayBuffer();
  } catch {
    throw new Refused("The file couldn't be read. It may have been moved or changed, or it is a folder.");
  }
}

// Turns a refused request into a retry or a final error with a message. An interrupted part is a 400.
function refusal(status, text, after) {
  let message;
  try {
    message = JSON.parse(text).message;
  } catch {
    // The answer may come from a proxy. Don't show its text.
  }
  if (status >= 500 || [400, 408, 429].includes(status)) {
    return Object.assign(new Error("try again"), { after: Number(after) || undefined, words: status === 400 ? "" : message });
  }
  return Object.assign(new Refused(message || words[status] || "It was refused."), { status });
}
