// The time left of a support session: always shown, announced to screen readers when it gets short, and checked with the
// server when it is over.

for (const element of all("time[data-until]")) {
  const end = new Date(element.dateTime);
  const said = new Set();
  let ticked = false;
  const tick = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    if (seconds <= 0) {
      element.textContent = "ended";
      // The server's clock decides. If the local clock is ahead, don't reload in a loop.
      setTimeout(() => location.reload(), ticked ? 1000 : 30_000);
      return;
    }
    ticked = true;
    const minutes = Math.ceil(seconds / 60);
    element.textContent = seconds < 120 ? `${seconds} s left` : `${minutes} min left`;
    for (const mark of [10, 5, 1]) {
      if (minutes === mark && !said.has(mark)) {
        said.add(mark);
        announce(`The support session ends in ${plural(mark, "minute", "minutes")}`);
      }
    }
    setTimeout(tick, seconds < 120 ? 1000 : 10_000);
  };
  tick();
}
