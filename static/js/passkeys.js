// Passkeys: their buttons are hidden in the page. A browser that supports passkeys shows them.

// Shows the result: the server's answer, or that there was none.
async function told(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (answer.ok || said.to) return said;
  throw new Error(said.message || "That didn't work. Try again.");
}

async function ceremony(frame) {
  const making = frame.dataset.passkey === "create";
  const said = await told(frame.dataset.begin, {});
  if (said.to) return location.assign(said.to);
  const key = making
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(said.publicKey) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(said.publicKey) });
  const answer = making ? { name: frame.querySelector("input").value, answer: key.toJSON() } : key.toJSON();
  location.assign((await told(frame.dataset.answer, answer)).to);
}

// Error names that browsers use. Their messages are not meant for people.
const reasons = {
  NotAllowedError: "It was cancelled or took too long. Try again.",
  InvalidStateError: "This device already has a passkey for your account.",
  Error: null,
};

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON) {
  for (const frame of all("[data-passkey]")) {
    frame.hidden = false;
    frame.closest("[data-passkey-frame]")?.removeAttribute("hidden");
    const button = frame.querySelector("[data-passkey-button]");
    const problem = frame.querySelector("[data-passkey-problem]");
    const begin = async (event) => {
      event.preventDefault();
      if (button.getAttribute("aria-busy")) return;
      button.setAttribute("aria-busy", "true");
      problem.textContent = "";
      try {
        await ceremony(frame);
      } catch (error) {
        problem.textContent = reasons[error.name] ?? (error.name === "Error" ? error.message : "That didn't work. Try again.");
        button.removeAttribute("aria-busy");
      }
    };
    if (frame.tagName === "FORM") frame.addEventListener("submit", begin);
    else button.addEventListener("click", begin);
  }
  for (const text of all("[data-passkey-without]")) text.hidden = true;
}
