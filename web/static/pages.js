// What the pages do beyond links and forms. All of it is an addition: without it they work too.
"use strict";

document.documentElement.classList.add("scripted");

// Copies the SQL beside a button.
function showCopyButtons(root) {
  for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = button.previousElementSibling.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {  // only secure addresses may write to the clipboard
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected: press Ctrl-C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
});

// Shows the last frame of a drawing instead of its animation, and the other way round.
function switchPlay(button) {
  const image = button.querySelector("img");
  button.querySelector("source")?.remove();
  const next = button.dataset.other;
  button.dataset.other = image.getAttribute("src");
  image.src = next;
  button.classList.toggle("on", next.endsWith(".gif"));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".play");
  if (button) switchPlay(button);
});

function stopMotion() {
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const button of document.querySelectorAll(".play.on")) switchPlay(button);
}

// Chosen, photographed, dropped or pasted: a picture is sent at once.
function preparePictures() {
  const form = document.querySelector("[data-drop]");
  if (!form) return;
  const input = form.querySelector("#file");
  const camera = form.querySelector("#camera");

  const send = (files) => {
    const file = [...files].find((one) => one.type.startsWith("image/") || /\.(hei[cf]|hif|avif)$/i.test(one.name));
    if (!file) return;
    const list = new DataTransfer();
    list.items.add(file);
    input.files = list.files;
    show(file);
    form.requestSubmit();
  };
  const show = (file) => {
    form.querySelector("img")?.remove();
    const image = new Image();
    image.alt = "The picture that you look up";
    image.onload = () => URL.revokeObjectURL(image.src);
    image.onerror = () => image.remove();
    image.src = URL.createObjectURL(file);
    form.prepend(image);
  };
  input.addEventListener("change", () => send(input.files));
  camera.addEventListener("change", () => send(camera.files));
  for (const name of ["dragover", "dragenter"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      form.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    send(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => send(event.clipboardData.files));
}

// The pad: 32 x 32 pixels, kept as hexadecimal digits in the form.
function preparePad() {
  const form = document.querySelector("[data-pad]");
  if (!form) return;
  const side = 32;
  const canvas = form.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const field = form.elements.bitmap;
  const pixels = new Uint8Array(side * side);
  let ink = 1, last = null, cursor = [side / 2, 4];

  [...field.value.padEnd(side * side / 4, "0")].forEach((digit, place) => {
    for (let bit = 0; bit < 4; bit++) pixels[place * 4 + bit] = (parseInt(digit, 16) >> (3 - bit)) & 1;
  });
  const draw = () => {
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, side, side);
    pen.fillStyle = "#000";
    pixels.forEach((on, place) => { if (on) pen.fillRect(place % side, Math.floor(place / side), 1, 1); });
    if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
      pen.fillStyle = "rgba(31, 84, 133, .6)";
      pen.fillRect(cursor[0], cursor[1], 1, 1);
    }
    let digits = "";
    for (let place = 0; place < pixels.length; place += 4) {
      digits += (pixels[place] * 8 + pixels[place + 1] * 4 + pixels[place + 2] * 2 + pixels[place + 3]).toString(16);
    }
    field.value = digits;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top]
      .map((place, axis) => Math.floor(place / (axis ? box.height : box.width) * side))
      .map((place) => Math.max(0, Math.min(side - 1, place)));
  };
  const line = ([x, y], [toX, toY]) => {
    const steps = Math.max(Math.abs(toX - x), Math.abs(toY - y), 1);
    for (let step = 0; step <= steps; step++) {
      const column = Math.round(x + (toX - x) * step / steps);
      const row = Math.round(y + (toY - y) * step / steps);
      for (const [right, down] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {  // a pen of 2 x 2 pixels
        if (column + right < side && row + down < side) pixels[(row + down) * side + column + right] = ink;
      }
    }
    draw();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    ink = 1 - pixels[last[1] * side + last[0]];
    line(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const next = at(event);
    line(last, next);
    last = next;
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      if (last) form.requestSubmit();
      last = null;
    });
  }
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  canvas.addEventListener("keydown", (event) => {
    const move = moves[event.key];
    if (move) {
      cursor = cursor.map((place, axis) => Math.max(0, Math.min(side - 1, place + move[axis])));
    } else if (event.key === " ") {
      pixels[cursor[1] * side + cursor[0]] ^= 1;
    } else {
      return;
    }
    event.preventDefault();
    draw();
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, draw);
  form.querySelector("[data-clear]").addEventListener("click", () => {
    pixels.fill(0);
    draw();
  });
  form.querySelector("[data-again]").addEventListener("click", () => {
    form.elements.seed.value = Number(form.elements.seed.value) + 1;
    form.requestSubmit();
  });
  draw();
}

document.addEventListener("htmx:after:swap", () => {
  showCopyButtons(document);
  stopMotion();
});
document.addEventListener("DOMContentLoaded", () => {
  showCopyButtons(document);
  stopMotion();
  preparePictures();
  preparePad();
});
