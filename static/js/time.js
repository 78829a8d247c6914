// Relative times. The server writes the exact time in the reader's zone and language, and this moves it to the title.

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

const steps = [[3600, "minute", 60], [86400, "hour", 3600], [7 * 86400, "day", 86400]];

// ago returns "" for times a week away or more.
function ago(date) {
  const seconds = (date - Date.now()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 60) return "just now";
  for (const [limit, unit, size] of steps) {
    if (distance < limit) return relative.format(Math.round(seconds / size), unit);
  }
  return "";
}

function tell(root) {
  for (const element of all("time[data-relative], [data-relative] time", root)) {
    const exact = (element.title ||= element.textContent);
    const words = ago(new Date(element.dateTime));
    if (words) element.lang = "en";
    element.textContent = words || exact.slice(0, exact.lastIndexOf(","));
  }
}

tell(document);
setInterval(() => document.visibilityState === "visible" && tell(document), 30_000);

// The account page offers the zone of this device. Browsers use old names for some zones (Asia/Calcutta), so ask the
// browser whether two names mean the same zone.
const canonical = (zone) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return "";
  }
};

for (const offer of all("[data-zone-here]")) {
  const select = document.getElementById(offer.dataset.zoneHere);
  const here = canonical();
  const options = [...select.options];
  const option = options.find((o) => o.value === here) ?? options.find((o) => canonical(o.value) === here);
  if (!option || option.selected) continue;
  const button = offer.querySelector("button");
  button.textContent = `Use ${option.text}, this device's time zone`;
  button.addEventListener("click", () => {
    option.selected = true;
    offer.hidden = true;
    select.focus();
  });
  offer.hidden = false;
}
