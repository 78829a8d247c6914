// Pages through the files of a version with the arrow keys and by swiping, and says when the browser can't show a file.

const stage = document.querySelector("[data-stage]");

function follow(to) {
  stage.querySelector(`[data-page=${to}]`)?.click();
}

function failed() {
  stage.dataset.failed = "";
  stage.querySelector(".stage-unplayed").hidden = false;
}

if (stage) {
  const busy = "input, textarea, select, video, audio, [contenteditable], [role=menu], [popover]:popover-open";
  document.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: "previous", ArrowRight: "next" }[event.key];
    if (!to || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    if (event.target.closest?.(busy) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    follow(to);
  });

  // One finger, sideways, further than a tap and faster than a look. Players keep their own gestures.
  let start;
  stage.addEventListener("touchstart", (event) => {
    start = event.touches.length === 1 && !event.target.closest("video, audio, [data-tool]:not([data-tool=''])") ? { ...at(event), time: event.timeStamp } : undefined;
  }, { passive: true });
  stage.addEventListener("touchend", (event) => {
    if (!start || event.touches.length || event.timeStamp - start.time > 800 || visualViewport?.scale > 1) return;
    const across = at(event).x - start.x;
    if (Math.abs(across) < 50 || Math.abs(at(event).y - start.y) > Math.abs(across) / 2) return;
    follow(across > 0 ? "previous" : "next");
  });

  // Without a viewer, as on most phones, the frame of a PDF stays empty, or the browser downloads the file at once. A page
  // that is drawn is a picture.
  if (stage.dataset.kind === "pdf" && navigator.pdfViewerEnabled === false && stage.querySelector("iframe")) failed();

  const shown = stage.querySelector("[data-shown]");
  shown?.addEventListener("error", failed);
  // A drawing may have no size of its own.
  if (shown?.error || (shown?.complete && shown.naturalWidth === 0 && !shown.src.endsWith("/drawing"))) failed();
}

// The line between two pictures moves with the slider.
const slide = document.querySelector("[data-slide]");
if (slide) {
  slide.step = "any";
  const line = document.querySelector("#compare-line rect");
  slide.closest("[data-slider]").hidden = false;
  slide.addEventListener("input", () => {
    line.setAttribute("x", slide.value / 100);
  });
}

function at(event) {
  const { clientX: x, clientY: y } = event.changedTouches[0];
  return { x, y };
}
