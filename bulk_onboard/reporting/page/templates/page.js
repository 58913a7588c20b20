// Keeps the page up to date: the server sends each part that changed, as HTML that it has escaped.
"use strict";

const linkState = document.getElementById("link-state");
const again = { first: 2000, most: 30000 };
let pause = again.first;

// What a reader is doing stays: the focus, and which details are open.
function put(part, html) {
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  part.innerHTML = html;
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function say(words, lost) {
  if (linkState.textContent !== words) linkState.textContent = words;
  linkState.classList.toggle("lost", lost);
}

function follow() {
  const source = new EventSource("events");
  source.addEventListener("open", () => {
    pause = again.first;
    say("Live", false);
  });
  source.addEventListener("parts", (event) => {
    const news = JSON.parse(event.data);
    document.title = news.title;
    for (const [name, html] of Object.entries(news.parts)) {
      const part = document.querySelector(`[data-live="${name}"]`);
      if (part) put(part, html);
    }
  });
  source.addEventListener("end", () => {
    source.close();
    say("The page has been stopped; trying again", true);
    setTimeout(follow, again.most);
  });
  source.addEventListener("error", async () => {
    say("Connection lost; trying again", true);
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    source.close();
    const answer = await fetch("events", { method: "HEAD" }).catch(() => null); // an EventSource does not say why
    if (answer?.status === 401) {
      say("The page was started anew: open the address that was printed then", true);
      return;
    }
    setTimeout(follow, pause);
    pause = Math.min(2 * pause, again.most);
  });
}

follow();
