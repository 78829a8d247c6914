// Times in the reader's words and zone. The server writes them exact and in UTC, which is what people without scripts read.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });
const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

const steps = [[3600, "minute", 60], [86400, "hour", 3600], [7 * 86400, "day", 86400]];

function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 60) return "just now";
  for (const [limit, unit, size] of steps) {
    if (distance < limit) return relative.format(Math.round(seconds / size), unit);
  }
  return (date.getFullYear() === new Date().getFullYear() ? day : dayOfYear).format(date);
}

const writers = {
  "data-relative": ago,
  "data-clock": (date) => clock.format(date),
  "data-moment": (date) => moment.format(date),
};

function tell(root) {
  for (const [attribute, write] of Object.entries(writers)) {
    for (const element of all(`time[${attribute}]`, root)) {
      const date = new Date(element.dateTime);
      element.textContent = write(date);
      element.title ||= exact.format(date);
    }
  }
}

tell(document);
setInterval(() => document.visibilityState === "visible" && tell(document), 30_000);
