// Dialogs open by command attributes. Browsers that do not know those yet are taught here.

if (!("commandForElement" in HTMLButtonElement.prototype)) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[commandfor]");
    const dialog = button && document.getElementById(button.getAttribute("commandfor"));
    if (!dialog) return;
    if (button.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  });
}

// What was done is said once: coming back to the page later, or loading it again, is another visit.
const here = new URL(location);
if (here.searchParams.has("did")) {
  here.searchParams.delete("did");
  here.searchParams.delete("id");
  history.replaceState(history.state, "", here);
}

// The toast of what was just done leaves by itself, later when it offers an undo, and never from under the pointer.
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
