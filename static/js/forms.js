// Forms: one submit at a time, focus on the first error, and the sign-in code.

for (const summary of all("[data-focus]")) summary.focus();

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.busy !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.busy = "";
  event.submitter?.setAttribute("aria-busy", "true");
});

// A page restored from the browser's history must be usable again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of all("form[data-busy]")) delete form.dataset.busy;
  for (const button of all("[aria-busy]")) button.removeAttribute("aria-busy");
});

// The sign-in code: keep only digits, also of pasted text, and submit with the sixth.
for (const field of all("[data-code]")) {
  field.addEventListener("input", () => {
    const digits = field.value.replace(/\D/g, "").slice(0, 6);
    if (field.value !== digits) field.value = digits;
    if (digits.length === 6) field.form.requestSubmit();
  });
}

// Nothing that people type or paste is cut. Near the limit, the field says how much fits.
for (const field of all("[data-most]")) {
  const most = Number(field.dataset.most);
  const words = document.createElement("p");
  words.className = "hint";
  words.setAttribute("aria-live", "polite");
  // Until the text changes, the error says it.
  let error = field.closest("[data-invalid]")?.querySelector(".field-error");
  if (!error?.textContent.includes("That has ")) error = null;
  const count = () => {
    const left = most - [...field.value.trim()].length;
    words.textContent = left < 0 ? `${plural(-left, "character", "characters")} too many` : `${plural(left, "character", "characters")} left`;
    words.hidden = left > most / 10 || Boolean(error);
    words.classList.toggle("field-over", left < 0);
  };
  field.after(words);
  field.addEventListener("input", () => {
    if (error) error.hidden = true;
    error = null;
    count();
  });
  count();
}

for (const form of all("form[data-resend]")) {
  let left = Number(form.dataset.resend);
  const button = form.querySelector("button");
  const wait = form.querySelector("[data-resend-wait]");
  const tick = () => {
    button.disabled = left > 0;
    wait.textContent = left > 0 ? `in ${plural(left, "second", "seconds")}` : "";
    if (left-- > 0) setTimeout(tick, 1000);
  };
  tick();
}
