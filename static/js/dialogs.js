// Dialogs open by command attributes. This is the polyfill for browsers without them.

if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!dialog) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

// A link to a confirmation opens it as a dialog, if the page has it.
for (const link of all("a[data-dialog]")) {
  link.addEventListener("click", (event) => {
    const dialog = document.getElementById(link.dataset.dialog);
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    dialog.showModal();
  });
}

// A flash message is shown once. Remove it from the address, so that going back or reloading doesn't show it again.
const here = new URL(location);
if (here.searchParams.has("did")) {
  here.searchParams.delete("did");
  here.searchParams.delete("id");
  history.replaceState(history.state, "", here);
}

// The toast disappears after a while, later if it offers Undo, and never while the pointer is over it.
for (const toast of all("[data-toast]")) {
  const leave = () => {
    toast.dataset.leaving = "";
    setTimeout(() => toast.remove(), 180);
  };
  let timer;
  const wait = () => (timer = setTimeout(leave, toast.querySelector("form") ? 20_000 : 8_000));
  const stay = () => clearTimeout(timer);
  const close = toast.querySelector("[data-toast-close]");
  close.hidden = false;
  close.addEventListener("click", leave);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stay);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, wait);
  wait();
}
